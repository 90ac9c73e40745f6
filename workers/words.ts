/** Where reports meet their words: in the watchdog's thread, or in the watched one when it has no watchdog. */
import type { Presenter } from '../src/monitor/told.ts';
import { htmlReport, reportFromLog } from '../src/report/html.ts';
import { toLine, toNoteLine } from '../src/report/model.ts';
import { readLog } from '../src/report/read.ts';
import { blockText, stillBlockedText } from '../src/report/text.ts';

export const words: Presenter = {
  block: blockText,
  stillBlocked: stillBlockedText,
  line: (told, seen, stillBlocked) => JSON.stringify(toLine(told, seen, stillBlocked)),
  note: (note, thread) => JSON.stringify(toNoteLine(note, thread)),
  page: (log) => htmlReport(reportFromLog(readLog(log))),
};
