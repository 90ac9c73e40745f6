/** The lag monitor of debug mode: one for all runs that want one, with the settings of the first. */
import { LoopMonitor } from '../monitor/loop-monitor.ts';
import { hub } from '../monitor/hub.ts';
import { isAlive } from '../base/live.ts';
import type { ScopeMember } from '../core/scope.ts';
import type { DebugMode } from './mode.ts';
import { siteOf } from './sites.ts';
import { placeOf } from './stack.ts';

const users = new Set<object>();
let monitor: LoopMonitor | null = null;

/** `user` is in debug mode; told again with another mode, that counts. */
export function watchLag(user: object, mode: DebugMode | null): void {
  if (mode === null || mode.monitor === null) users.delete(user);
  else users.add(user);
  if (users.size === 0) return stop();
  if (monitor !== null) return;
  // `offloop run --debug` has started one before the program: a second would tell of each block once more.
  if (!isAlive('preload', 'debug')) monitor = new LoopMonitor(mode!.monitor!).start();
  hub().siteOf = (task) => {
    const site = siteOf(task as unknown as ScopeMember);
    return site === undefined ? undefined : placeOf(site);
  };
}

function stop(): void {
  monitor?.stop();
  monitor = null;
  hub().siteOf = undefined;
}
