/** Where errors go that have no caller: a callback that threw, a background task that nobody awaited. */
import { wrongType } from '../base/validate.ts';
import { useExceptionHandler } from './runtime.ts';
import type { ExceptionHandler } from './runtime.ts';

/** Sets the handler for the whole process; null goes back to the one of `run({ exceptionHandler })`, else to stderr. */
export function setExceptionHandler(handler: ExceptionHandler | null): void {
  if (handler !== null && typeof handler !== 'function') throw wrongType('handler', 'a function or null', handler);
  useExceptionHandler(handler ?? undefined);
}
