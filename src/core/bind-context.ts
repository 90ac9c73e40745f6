import { AsyncLocalStorage } from 'node:async_hooks';
import { checkFunction } from '../base/validate.ts';

/**
 * Keeps the present task, scope and every AsyncLocalStorage value for a callback that an emitter will call later: it runs in
 * them, with the `this`, the arguments and the result it would have anyway.
 *
 * - Waits for: nothing.
 * - On cancel: not a checkpoint; the callback is called all the same, and its checkpoints throw.
 * - Order: that of the emitter.
 * - Throws: TypeError for what is not a function; what the callback throws, to whoever calls it.
 */
export function bindContext<F extends (...a: never[]) => unknown>(fn: F): F {
  checkFunction('fn', fn);
  return AsyncLocalStorage.bind(fn as unknown as (...a: unknown[]) => unknown) as unknown as F;
}
