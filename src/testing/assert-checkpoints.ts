/**
 * Telling whether something asked for cancellation. Checkpoints leave no trace where nothing is cancelled, so the code runs in
 * a scope that notices being asked: the property that every checkpoint reads counts. (Running the code once more in a
 * cancelled scope would tell, too, but would do twice whatever it does before its checkpoint.)
 */
import { AssertionError } from 'node:assert';
import { checkFunction } from '../base/validate.ts';
import { here, Scope } from '../core/scope.ts';
import type { ScopeMember } from '../core/scope.ts';
import { runIn, TaskCore } from '../core/task.ts';

/**
 * Runs `fn` and rejects with an AssertionError unless it passed at least one checkpoint: a call that would have thrown
 * CancelledError in a cancelled scope. Tasks that `fn` starts do not count.
 *
 * - Waits for: `fn`.
 * - On cancel: passes through.
 * - Throws: AssertionError; what `fn` throws.
 */
export async function assertCheckpoints<T>(fn: () => PromiseLike<T>): Promise<T> {
  checkFunction('fn', fn);
  const parent = here();
  const scope = new Scope(parent, parent.runtime);
  const asked = { times: 0 };
  observe(scope, asked);
  let threw: { error: unknown } | null = null;
  let value: T | undefined;
  try {
    value = await runIn<T, void>(scope, fn, undefined);
  } catch (error) {
    threw = { error };
  }
  const { times } = asked;
  scope.leave();
  if (times === 0) throw missing(fn, threw?.error);
  if (threw !== null) throw threw.error;
  return value as T;
}

function missing(fn: { name: string }, cause?: unknown): AssertionError {
  const error = new AssertionError({
    message: `Expected ${fn.name || 'the function'} to pass a checkpoint, but it passed none`,
    stackStartFn: missing,
  });
  if (cause !== undefined) error.cause = cause;
  return error;
}

function observe(scope: Scope, asked: { times: number }): void {
  let { effective } = scope;
  Object.defineProperty(scope, 'effective', {
    get() {
      asked.times++;
      return effective;
    },
    set(reason: typeof effective) {
      effective = reason;
    },
  });
  scope.link = (member: ScopeMember): void => {
    Scope.prototype.link.call(scope, member);
    if (!member.isScope || member instanceof TaskCore) return;
    if (!(member as Scope).shielded) asked.times--; // a scope that is entered looks at the one around it
    observe(member as Scope, asked);
  };
}
