/**
 * `node --import offloop/monitor app.js`: a lag monitor in any program, without a change of it. Set up by OFFLOOP_MONITOR, for
 * example `watch,threshold=100,log=lag.ndjson`. A mistake there is told in one line, and the program runs without a monitor.
 */
import { isMainThread } from 'node:worker_threads';
import { LoopMonitor } from './loop-monitor.ts';
import { parseSettings } from './settings.ts';
import { printToStderr } from './teller.ts';

if (isMainThread) {
  try {
    new LoopMonitor(parseSettings(process.env['OFFLOOP_MONITOR'] ?? '')).start();
  } catch (error) {
    printToStderr(`offloop: no lag monitor: ${(error as Error).message}\n`);
  }
}
