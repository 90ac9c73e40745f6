/** Calls to observers. What they do wrong is nobody's failure: it goes to the exception handler, and the work goes on. */
import { here } from '../core/scope.ts';
import { isThenable } from '../core/thenable.ts';

export function notify<A extends unknown[]>(observer: (...args: A) => void, ...args: A): void {
  const { runtime } = here();
  const failed = (error: unknown): void => runtime.report({ message: `Exception in callback ${observer.name || '<anonymous>'}`, error });
  try {
    const result = observer(...args) as unknown;
    if (isThenable(result)) result.then(undefined, failed); // an async function
  } catch (error) {
    failed(error);
  }
}
