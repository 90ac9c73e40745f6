/** What the process lets a monitor do. Asking is not enough for Node: an inspector without leave would abort the process. */
import { isMainThread } from 'node:worker_threads';

export interface Abilities {
  /** A watchdog may run. */
  readonly worker: boolean;
  /** It may ask the main thread where it is. */
  readonly inspect: boolean;
  /** Why not, for people. */
  readonly reason: string | null;
}

type Permission = { has(scope: string, reference?: string): boolean };

export function abilities(
  permission: Permission | undefined = (process as { permission?: Permission }).permission,
  mainThread: boolean = isMainThread,
): Abilities {
  if (!mainThread) return { worker: false, inspect: false, reason: 'in a worker thread it has no watchdog of its own' };
  if (permission === undefined) return { worker: true, inspect: true, reason: null };
  if (!allows(permission, 'worker'))
    return { worker: false, inspect: false, reason: 'the permission model allows no worker (--allow-worker)' };
  if (allows(permission, 'inspector')) return { worker: true, inspect: true, reason: null };
  return { worker: true, inspect: false, reason: 'the permission model allows no inspector (--allow-inspector)' };
}

/** The model does not hold in worker threads, so the watchdog must not be asked to do what the program may not. */
export function mayWrite(path: string, permission: Permission | undefined = (process as { permission?: Permission }).permission): boolean {
  return permission === undefined || permission.has('fs.write', path);
}

/** Older Nodes know no such scope: then nothing allows it. */
function allows(permission: Permission, scope: string): boolean {
  try {
    return permission.has(scope);
  } catch {
    return false;
  }
}
