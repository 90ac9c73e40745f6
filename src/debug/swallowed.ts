/** Cancellation that somebody caught and did not pass on. */
import type { CancelledError } from '../base/errors.ts';
import type { Scope } from '../core/scope.ts';
import type { TaskCore } from '../core/task.ts';

/** So many checkpoints may throw in a cancelled task: cleanup touches a few, a loop with `catch {}` any number. */
const PATIENCE = 100;

interface Interrupts {
  readonly error: CancelledError;
  count: number;
}
const interrupts = new WeakMap<TaskCore, Interrupts>();

/** A checkpoint threw in `scope`. Only what cancels the whole task counts; an inner scope may catch its own. */
export function noteInterrupt(scope: Scope): void {
  const { task } = scope;
  const error = scope.effective;
  if (task === null || error === null || task.effective !== error) return;
  let noted = interrupts.get(task);
  if (noted?.error !== error) interrupts.set(task, (noted = { error, count: 0 }));
  if (++noted.count === PATIENCE) report(task, `it goes on, though ${PATIENCE} of its checkpoints have thrown CancelledError`);
}

/** The task has ended: did it hide that it was to be cancelled? */
export function reportSwallowed(task: TaskCore): void {
  const noted = interrupts.get(task);
  if (noted === undefined || task.state !== 'done' || noted.count >= PATIENCE) return;
  if (task.effective === noted.error) report(task, 'it ended normally, though a checkpoint had thrown CancelledError in it');
}

export function forgetInterrupts(task: TaskCore): void {
  interrupts.delete(task);
}

function report(task: TaskCore, what: string): void {
  task.runtime.report({
    message: `Task ${JSON.stringify(task.name)} swallows its cancellation: ${what}`,
    error: interrupts.get(task)?.error,
    task,
  });
}
