/**
 * `node --import offloop/monitor app.js`: a lag monitor in any program, without a change of it. Set up by OFFLOOP_MONITOR, for
 * example `watch,threshold=100,log=lag.ndjson`. A mistake there is told in one line, and the program runs without a monitor.
 */
import { isMainThread } from 'node:worker_threads';
import { register } from '../base/live.ts';
import { hub } from './hub.ts';
import { LoopMonitor } from './loop-monitor.ts';
import { parseSettings } from './settings.ts';
import { printToStderr } from './teller.ts';

if (isMainThread) {
  try {
    const settings = parseSettings(process.env['OFFLOOP_MONITOR'] ?? '');
    hub().preloaded = true;
    const monitor = new LoopMonitor(settings).start();
    register('preload', settings.mode ?? 'watch', { statistics: () => monitor.snapshot() });
  } catch (error) {
    printToStderr(`offloop: no lag monitor: ${(error as Error).message}\n`);
  }
}
