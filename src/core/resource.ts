/** Setting up and tearing down around a body: contextlib.asynccontextmanager. */
import { InvalidStateError, isCancelled } from '../base/errors.ts';
import { checkFunction, wrongType } from '../base/validate.ts';
import { here } from './scope.ts';
import type { MaybePromise } from './task.ts';

type Setup<A extends unknown[], R> = (...args: A) => AsyncGenerator<R, void, void>;

export interface Usable<R> {
  /**
   * Runs `body` with what the generator yields; then, whatever happened, the code after `yield`.
   *
   * - Waits for: the code before `yield`, the body, the code after.
   * - On cancel: before it has begun, nothing happens; later the body's CancelledError is thrown at the `yield`.
   * - Order: resources that are used inside the body are torn down first.
   * - Throws: what the generator or the body throws; CancelledError; InvalidStateError when the generator yields never or twice.
   */
  use<T>(body: (resource: R) => MaybePromise<T>): Promise<T>;
}

/**
 * Makes a resource from a generator that yields once: the code before `yield` sets up, the code after it tears down. An error
 * of the body is thrown at the `yield`, so `try … finally` works; a generator that catches it and returns ends it there, and
 * `use` resolves with undefined. In a cancelled scope the teardown's waits throw at once: put them inside `shield`.
 *
 * Each `use` runs a generator of its own. An error that the teardown throws instead of the body's has that one as its `cause`.
 */
export function resource<A extends unknown[], R>(generator: Setup<A, R>): (...args: A) => Usable<R> {
  checkFunction('generator', generator);
  return (...args) => ({
    async use<T>(body: (resource: R) => MaybePromise<T>): Promise<T> {
      checkFunction('body', body);
      const scope = here();
      if (scope.effective !== null) throw scope.interrupt();
      const steps = started(generator, args);
      const first = await steps.next();
      if (first.done === true) throw new InvalidStateError(`${nameOf(generator)} did not yield a resource`);
      let value: T;
      try {
        value = await body(first.value);
      } catch (error) {
        await tearDownAfter(error, steps, generator);
        return undefined as T;
      }
      await finish(steps, steps.next(), generator);
      return value;
    },
  });
}

function started<A extends unknown[], R>(generator: Setup<A, R>, args: A): ReturnType<Setup<A, R>> {
  const steps: unknown = generator(...args);
  const methods = steps as Partial<ReturnType<Setup<A, R>>> | null | undefined;
  if (typeof methods?.next === 'function' && typeof methods.throw === 'function' && typeof methods.return === 'function') {
    return methods as ReturnType<Setup<A, R>>;
  }
  throw wrongType('generator', 'an async generator function (`async function*`)', generator);
}

async function finish(
  steps: AsyncGenerator<unknown, void, void>,
  step: Promise<IteratorResult<unknown, void>>,
  generator: { name: string },
): Promise<void> {
  const { done } = await step;
  if (done === true) return;
  await steps.return(); // its own `finally` blocks still run
  throw new InvalidStateError(`${nameOf(generator)} yielded more than once`);
}

/** Throws what comes of the body's error. None gets lost: the one that the teardown threw over it refers to it, or it is reported. */
async function tearDownAfter(error: unknown, steps: AsyncGenerator<unknown, void, void>, generator: { name: string }): Promise<void> {
  try {
    await finish(steps, steps.throw(error), generator);
  } catch (instead) {
    if (instead !== error && !isCancelled(error)) keep(error, instead, generator);
    throw instead;
  }
}

function keep(error: unknown, instead: unknown, generator: { name: string }): void {
  if (instead instanceof Error && 'cause' in instead) return; // it says itself what it comes from
  if (instead instanceof Error && !isCancelled(instead) && Object.isExtensible(instead)) {
    Object.defineProperty(instead, 'cause', { value: error, configurable: true, writable: true });
  } else here().runtime.report({ message: `${nameOf(generator)} was interrupted while it handled an error`, error });
}

function nameOf(generator: { name: string }): string {
  return generator.name === '' ? 'The generator' : `Generator ${generator.name}`;
}
