/** Where reports meet their words: in the watchdog's thread, or in the watched one when it has no watchdog. */
import type { Presenter } from '../src/monitor/told.ts';
import { toLine } from '../src/report/model.ts';
import { blockText, stillBlockedText } from '../src/report/text.ts';

export const words: Presenter = {
  block: blockText,
  stillBlocked: stillBlockedText,
  line: (told, seen, stillBlocked) => JSON.stringify(toLine(told, seen, stillBlocked)),
};
