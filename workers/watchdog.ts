/** Entry of the watchdog's thread; the near side is `src/monitor/watchdog-host.ts`. */
import { runWatchdog } from '../src/monitor/watchdog-thread.ts';
import { words } from './words.ts';

runWatchdog(words);
