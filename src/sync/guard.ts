/** What the primitives that are held have in common: a guard, and an answer to who holds it. */
import { checkFunction } from '../base/validate.ts';
import { here } from '../core/scope.ts';
import type { Scope } from '../core/scope.ts';
import { readsOutcome } from '../core/source-task.ts';
import type { MaybePromise } from '../core/task.ts';

/** What an acquire returns: releases once, however often it is asked to. */
export interface Guard extends Disposable {
  release(): void;
}

/** Holds what `acquire` gives while `fn` runs. */
export async function holding<T>(acquire: () => Promise<Guard>, fn: () => MaybePromise<T>): Promise<T> {
  checkFunction('fn', fn);
  const guard = await acquire();
  try {
    return await fn();
  } finally {
    guard.release();
  }
}

/** Who calls: a task, or a lane of a gather or map (two lanes of one task must be able to exclude each other). */
export function caller(): Scope {
  return heir(here().strand);
}

/**
 * A call that has ended leaves what it holds to whoever made it: `await waitFor(() => lock.acquire(), 100)`, or a lane,
 * `const [guard] = await gather([() => lock.acquire()])`. A task of its own that ends with a lock in its hands has forgotten it.
 */
export function heir(strand: Scope): Scope {
  let s = strand;
  while (s.exited && !isTaskOfItsOwn(s) && s.parent !== null) s = s.parent.strand;
  return s;
}

function isTaskOfItsOwn(s: Scope): boolean {
  const { task } = s;
  return task !== null && s === (task as Scope) && task.owner !== readsOutcome;
}

/** Code outside any task: it may be anyone, so two calls from there are never taken for the same holder. */
export function isNobody(strand: Scope): boolean {
  return strand.task === null && strand.parent === null;
}
