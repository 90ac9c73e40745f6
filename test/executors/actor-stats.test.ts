import { expect, it } from 'vitest';
import { statisticsOf } from '../../src/base/live.ts';
import { ActorCounters } from '../../src/executors/actor-stats.ts';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { run } from '../../src/core/run.ts';
import { sleepForever } from '../../src/core/sleep.ts';
import { Pair } from '../support/actor-pair.ts';
import { failure } from '../support/virtual.ts';

class Counted {
  value = 1;
  add(n: number): number {
    return (this.value += n);
  }
  fail(): never {
    throw new RangeError('no');
  }
  wait(): Promise<never> {
    return sleepForever();
  }
  async *numbers(): AsyncGenerator<number> {
    yield 1;
    yield 2;
  }
}

it('ActorCounters count calls by how they ended, and how long they took', () => {
  const counters = new ActorCounters();
  counters.running = 4;
  counters.ended('completed', 10);
  counters.ended('completed', 30);
  counters.ended('failed', 1);
  const statistics = counters.snapshot();
  expect(statistics).toMatchObject({ kind: 'actor', running: 1, completed: 2, failed: 1, cancelled: 0, callTime: { count: 3, max: 30 } });
  expect(Object.isFrozen(statistics)).toBe(true);
});

it('instruments see the calls and property reads of an actor while it is there; what streams and releases need is no call', async () => {
  const { remote } = await Pair.of(Counted);
  const seen = (): object => statisticsOf('actor')['Counted']!;
  expect(seen()).toMatchObject({ running: 0, completed: 0 });
  const call = remote.add(1);
  expect(seen()).toMatchObject({ running: 1, completed: 0 });
  await Promise.all([call, remote.value]);
  expect(seen()).toMatchObject({ running: 0, completed: 2, failed: 0, cancelled: 0, callTime: { count: 2 } });
  for await (const _ of remote.numbers());
  await failure(remote.fail());
  await run(() => moveOnAfter(5, () => remote.wait()));
  expect(seen()).toMatchObject({ running: 0, completed: 3, failed: 1, cancelled: 1 });
  await remote[Symbol.asyncDispose]();
  expect(statisticsOf('actor')).not.toHaveProperty('Counted');
});

it('the calls that a death ends have failed, and a dead actor is not listed', async () => {
  const pair = await Pair.of(Counted);
  const call = failure(pair.remote.wait());
  pair.die({});
  await call;
  expect(pair.link.statistics()).toMatchObject({ running: 0, failed: 1 });
  expect(statisticsOf('actor')).not.toHaveProperty('Counted');
});
