/** What is published about the calls of an actor: each that somebody made begins and ends once. */
import { expect, it } from 'vitest';
import type { ActorCallEndedEvent, ActorCallStartedEvent } from '../../src/executors/actor-events.ts';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { run } from '../../src/core/run.ts';
import { Pair } from '../support/actor-pair.ts';
import { listenTo } from '../support/listening.ts';
import { failure } from '../support/virtual.ts';

class Till {
  coins: number;
  constructor(coins: number) {
    if (coins < 0) throw new RangeError('debt');
    this.coins = coins;
  }
  add(n: number): number {
    return (this.coins += n);
  }
  fail(): never {
    throw new RangeError('no');
  }
  never(): Promise<void> {
    return new Promise(() => {});
  }
  async *count(n: number): AsyncGenerator<number> {
    for (let i = 0; i < n; i++) yield i;
  }
}

const listen = (): [ActorCallStartedEvent[], ActorCallEndedEvent[]] => [
  listenTo('offloop:actor:call:started'),
  listenTo('offloop:actor:call:ended'),
];
const short = (ended: readonly ActorCallEndedEvent[]): string[] => ended.map(({ name, outcome }) => `${name} ${outcome}`);

it('a call is told of when it is made and when it has its answer, by the same object', async () => {
  const [started, ended] = listen();
  const { remote } = await Pair.of(Till, 1);
  const before = performance.now();
  const answer = remote.add(2);
  expect(started.map(({ actor, name }) => `${actor}.${name}`)).toEqual(['Till.constructor', 'Till.add']); // in the course of the call
  expect(await answer).toBe(3);
  expect(await remote.coins).toBe(3);
  expect(short(ended)).toEqual(['constructor completed', 'add completed', 'coins completed']);
  expect(ended.map(({ call }) => call)).toEqual(started.map(({ call }) => call));
  expect(new Set(ended.map(({ call }) => call)).size).toBe(3);
  const [, { callTime, error }] = ended as [unknown, ActorCallEndedEvent];
  expect([callTime >= 0 && callTime <= performance.now() - before, error]).toEqual([true, undefined]);
});

it('one that fails has its error, whatever the reason: the method, the constructor, what cannot be cloned, the death of the worker', async () => {
  const [, ended] = listen();
  const pair = await Pair.of(Till, 1);
  const errors = [await failure(pair.remote.fail()), await failure(pair.remote.add((() => 1) as never))];
  const waiting = failure(pair.remote.never());
  pair.die({ exitCode: 3 });
  errors.push(await waiting, await failure(Pair.of(Till, -1)));
  expect(errors.map((error) => (error as Error).name)).toEqual(['RangeError', 'NotCloneableError', 'WorkerDiedError', 'RangeError']);
  expect(ended.slice(1).map(({ error }) => error)).toEqual(errors);
  expect(short(ended).slice(1)).toEqual(['fail failed', 'add failed', 'never failed', 'constructor failed']);
});

it('one that is cancelled ends once, as cancelled', async () => {
  const [, ended] = listen();
  const { remote } = await Pair.of(Till, 1);
  await run(() => moveOnAfter(10, () => remote.never()));
  expect(short(ended)).toEqual(['constructor completed', 'never cancelled']);
});

it('a stream is one call, which ends when the generator has begun; to be released is none, and neither is a call that came too late', async () => {
  const [started, ended] = listen();
  const { remote } = await Pair.of(Till, 1);
  const items: number[] = [];
  for await (const i of remote.count(100)) items.push(i);
  await remote[Symbol.asyncDispose]();
  await failure(remote.add(1));
  expect([items.length, short(ended)]).toEqual([100, ['constructor completed', 'count completed']]);
  expect(started).toHaveLength(2);
});
