/** Blocks on purpose: a start-up that must read its configuration, a test that burns the loop. */
import { checkFunction } from '../base/validate.ts';
import { clock } from './hub.ts';

let depth = 0;
let total = 0;
let since = 0;
const listeners = new Set<(ignoring: boolean) => void>();

/** Milliseconds spent so far in calls that are to be ignored. */
export function ignoredTime(): number {
  return depth === 0 ? total : total + clock() - since;
}

/** Hears when such a call begins and ends. */
export function onIgnore(listener: (ignoring: boolean) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/**
 * Calls `fn`, and no monitor tells how long it blocked. Of an asynchronous function this covers the part before its first
 * `await`; wrap each part that blocks.
 */
export function ignoreBlocks<T>(fn: () => T): T {
  checkFunction('fn', fn);
  if (depth++ === 0) {
    since = clock();
    for (const tell of listeners) tell(true);
  }
  try {
    return fn();
  } finally {
    if (--depth === 0) {
      total += clock() - since;
      for (const tell of listeners) tell(false);
    }
  }
}
