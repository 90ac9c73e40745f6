/** Calls of `gather` and `map` share a task; each has a strand of its own, which tells whose a lock is. */
import { expect, it } from 'vitest';
import { gather } from '../../src/core/gather.ts';
import { map } from '../../src/core/map.ts';
import { here } from '../../src/core/scope.ts';
import type { Scope } from '../../src/core/scope.ts';
import { sleep, sleepForever } from '../../src/core/sleep.ts';
import { currentTask } from '../../src/core/task.ts';
import { moveOnAfter, shield } from '../../src/core/timeout.ts';
import { virtually } from '../support/virtual.ts';

/** The strand before and after a wait, and inside a scope. */
async function strands(): Promise<Scope> {
  const { strand } = here();
  await sleep(1);
  await shield(async () => {
    await sleep(1);
    expect(here().strand).toBe(strand);
  });
  expect(here().strand).toBe(strand);
  expect(currentTask()?.name).toBe('main');
  return strand;
}

async function* slowly(n: number): AsyncGenerator<number> {
  for (let i = 0; i < n; i++) {
    await sleep(1);
    yield i;
  }
}

it('calls side by side in gather are strands of their own, in the task of the caller', () =>
  virtually(async () => {
    const own = here().strand;
    const found = await gather([strands, strands, strands]);
    expect(new Set([...found, own]).size).toBe(4);
  }));

it('calls one after the other in a lane share its strand', () =>
  virtually(async () => {
    expect(new Set(await gather([strands, strands, strands], { limit: 1 })).size).toBe(1);
    expect(new Set(await map([1, 2, 3, 4], strands, { limit: 2 })).size).toBe(2);
  }));

it('calls side by side in map are strands of their own, over both kinds of iterables', () =>
  virtually(async () => {
    expect(new Set([...(await map([1, 2, 3], strands)), here().strand]).size).toBe(4);
    expect(new Set([...(await map(slowly(3), strands)), here().strand]).size).toBe(4);
  }));

it('a gather inside a call of a map has strands of its own again', () =>
  virtually(async () => {
    const inner = await map([1, 2], async () => [here().strand, ...(await gather([strands, strands]))]);
    expect(new Set(inner.flat()).size).toBe(6);
  }));

it('no lane stays behind, neither at the end nor after a failure or a cancel', () =>
  virtually(async () => {
    const fails = async (): Promise<never> => {
      await sleep(5);
      throw new Error('planned');
    };
    await gather([strands, strands, Promise.resolve()], { limit: 1 });
    await map([1, 2, 3], strands, { limit: 2 });
    for (const many of [[1, 2, 3], slowly(3)]) {
      await map(many, fails, { limit: 2 }).catch(() => {});
      await moveOnAfter(5, () => map(slowly(3), () => sleepForever()));
    }
    await gather([fails, () => sleepForever()]).catch(() => {});
    await moveOnAfter(5, () => gather([() => sleepForever(), () => sleepForever()], { limit: 1 }));
    expect(here().first).toBeNull();
  }));
