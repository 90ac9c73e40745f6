/** The switch of debug mode; loading this file is what makes `run({ debug, instruments })` and `offloop ps` work. */
import { setWatcher } from '../core/probe.ts';
import type { DebugOptions } from '../core/probe.ts';
import { here } from '../core/scope.ts';
import { choose, modeFor, toMode } from './mode.ts';
import { changeMode, startObserving } from './observer.ts';
import { withTaskEvents } from './task-events.ts';
import { offerTasks } from './task-table.ts';

offerTasks();
setWatcher((runtime, { debug, instruments }) => startObserving(runtime, modeFor(debug), withTaskEvents(instruments)));

/**
 * Turns debug mode on or off: for the surrounding `run()` from now on, and for later runs that do not say otherwise. What was
 * made before has no creation site.
 */
export function setDebug(on: boolean | DebugOptions): void {
  const mode = toMode('on', on);
  choose(mode);
  changeMode(here().runtime, mode);
}
