/** Entry of the watchdog's thread; the near side is `src/monitor/watchdog-host.ts`. Here reports meet their words. */
import { runWatchdog } from '../src/monitor/watchdog-thread.ts';
import { toLine } from '../src/report/model.ts';
import { blockText, stillBlockedText } from '../src/report/text.ts';

runWatchdog({
  block: blockText,
  stillBlocked: stillBlockedText,
  line: (told, seen, stillBlocked) => JSON.stringify(toLine(told, seen, stillBlocked)),
});
