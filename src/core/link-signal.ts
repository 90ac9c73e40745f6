import { CancelledError } from '../base/errors.ts';
import type { Scope } from './scope.ts';

/** Cancels `scope` when a foreign signal is aborted. Returns what removes the listener again. */
export function linkSignal(signal: AbortSignal, scope: Scope): () => void {
  const abort = (): void => void scope.cancelWith(new CancelledError({ source: 'signal', reason: signal.reason as unknown }));
  if (signal.aborted) {
    abort();
    return () => {};
  }
  signal.addEventListener('abort', abort, { once: true });
  return () => signal.removeEventListener('abort', abort);
}
