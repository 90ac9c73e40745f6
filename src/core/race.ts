/** The first to settle decides. */
import { CancelledError } from '../base/errors.ts';
import { outOfRange } from '../base/validate.ts';
import type { ResultOf, Source } from './gather.ts';
import { here, Scope } from './scope.ts';
import { abandon, checkedSources, joined, sourceTask } from './source-task.ts';
import type { SourceTask } from './source-task.ts';
import { parkIn, WaitQueue } from './waiter.ts';

/**
 * Resolves or rejects as the first source to settle does. The functions among the others are cancelled and joined; tasks and
 * promises that were given are only left. An error that a loser throws while it stops goes to the exception handler.
 *
 * - Waits for: the first to settle, then for the losers to end.
 * - On cancel: all functions are cancelled and joined.
 * - Order: functions start in order, one microtask later; of several tasks that have settled before, the first in order wins.
 * - Throws: the winner's error; CancelledError (an error during the cleanup instead, if there is one); RangeError for no sources.
 */
export async function race<const S extends readonly Source[]>(src: S): Promise<ResultOf<S[number]>> {
  const sources = checkedSources(src);
  if (sources.length === 0) throw outOfRange('src', 'at least one source', src);
  const parent = here();
  if (parent.effective !== null) {
    abandon(sources);
    throw parent.interrupt();
  }
  const scope = new Scope(parent, parent.runtime);
  const racers = sources.map((s) => sourceTask(s, scope));
  const own = racers.filter((r) => r.own).map(({ task }) => task);
  const first = await firstSettled(racers).catch((cancelled: unknown) => ({ cancelled }));
  scope.cancelWith(new CancelledError({ source: 'sibling', reason: 'another source won the race' }));
  await joined(own);
  scope.leave();
  // Cancelled while it waited: there is no winner, but an error that the cleanup threw must not get lost.
  const winner = typeof first === 'number' ? racers[first]?.task : own.find((task) => task.failed);
  for (const task of own) {
    if (task.failed && task !== winner) scope.runtime.report({ message: 'Another error in race', error: task.failure, task });
  }
  if (winner === undefined) throw (first as { cancelled: unknown }).cancelled;
  return winner.result() as ResultOf<S[number]>;
}

/** The place of the first to settle. */
async function firstSettled(racers: readonly SourceTask[]): Promise<number> {
  const before = racers.findIndex(({ task }) => task.settled);
  if (before >= 0) return before;
  const finish = new WaitQueue<number, void>('race', { awaited: racers.map(({ task }) => task) });
  const hooks = racers.map(({ task }, i) => task.onSettled(() => finish.shift()?.grant(i)));
  try {
    return await parkIn(finish, undefined);
  } finally {
    for (const hook of hooks) hook[Symbol.dispose]();
  }
}
