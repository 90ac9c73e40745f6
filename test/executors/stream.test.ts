import { describe, expect, it } from 'vitest';
import { here } from '../../src/core/scope.ts';
import { resolveSubmitOptions } from '../../src/executors/options.ts';
import { Stream } from '../../src/executors/stream.ts';
import type { StreamJob } from '../../src/executors/stream-job.ts';
import { fakePool } from '../support/fake-worker.ts';
import type { FakePool } from '../support/fake-worker.ts';
import { failure } from '../support/virtual.ts';

const fn = { id: 77, ref: { module: 'file:///rows.js', export: 'rows', fingerprint: undefined }, name: 'rows' };

interface Made {
  stream: Stream;
  job: StreamJob;
  fake: FakePool;
  say(...items: unknown[]): void;
}

async function running(highWaterMark: number, sure = true): Promise<Made> {
  const fake = fakePool();
  const stream = new Stream(highWaterMark, sure);
  const job = stream.makeJob([here(), fake.pool, fn, [], resolveSubmitOptions(undefined), running]);
  fake.pool.submit(job);
  await Promise.resolve();
  fake.last.claim();
  const say = (...items: unknown[]): void => fake.last.say({ type: 'items', id: job.id, items, encoded: false });
  return { stream, job, fake, say };
}

const granted = ({ fake }: Made): number[] => fake.last.sent('credit').map(({ items }) => items);

describe('credit', () => {
  it('is sent with the job, and again when half of it was taken', async () => {
    const made = await running(4);
    expect(made.fake.last.mail.at(-1)).toEqual([77, made.job.id, [], { credit: 4 }]);
    made.say('a', 'b', 'c', 'd');
    await made.stream.next(null);
    expect(granted(made)).toEqual([]);
    await made.stream.next(null);
    expect(granted(made)).toEqual([2]);
    await made.stream.next(null);
    await made.stream.next(null);
    expect(granted(made)).toEqual([2, 2]);
    made.fake.last.finish();
  });

  it('is not given before somebody asks, when the function may be no generator', async () => {
    const made = await running(4, false);
    expect([made.fake.last.mail.at(-1), granted(made)]).toEqual([[77, made.job.id, [], { credit: 0 }], []]);
    const first = made.stream.next(null);
    expect([granted(made), made.stream.isGenerator]).toEqual([[4], false]);
    made.say();
    expect(made.stream.isGenerator).toBe(true);
    made.say('a');
    expect(await first).toEqual({ done: false, value: 'a' });
    made.fake.last.finish();
  });

  it('of a job that was sent to another worker is given there', async () => {
    const fake = fakePool({ max: 1 });
    const stream = new Stream(4, false);
    const job = stream.makeJob([here(), fake.pool, fn, [], resolveSubmitOptions(undefined), running]);
    fake.pool.submit(job);
    await Promise.resolve();
    const first = stream.next(null);
    fake.workers[0]!.die();
    await Promise.resolve();
    expect(fake.workers).toHaveLength(2);
    fake.last.claim();
    expect(fake.last.sent('credit').map(({ items }) => items)).toEqual([4]);
    fake.last.say({ type: 'items', id: job.id, items: ['a'], encoded: false });
    expect(await first).toEqual({ done: false, value: 'a' });
    fake.last.finish();
  });
});

describe('a worker', () => {
  it('keeps the process alive, and stops virtual time, only while somebody waits for it', async () => {
    const made = await running(4);
    const { runtime } = here();
    const before = runtime.external - 1;
    made.say('a');
    expect([made.fake.last.alive, runtime.external]).toEqual([false, before]);
    await made.stream.next(null);
    const waiting = made.stream.next(null);
    expect([made.fake.last.alive, runtime.external]).toEqual([true, before + 1]);
    made.say('b', 'c');
    await waiting;
    expect(made.fake.last.alive).toBe(false);
    made.fake.last.finish();
    expect(runtime.external).toBe(before);
  });
});

describe('a consumer', () => {
  it('gives the loop a turn now and then, however many items are there', async () => {
    const made = await running(10_000);
    made.say(...Array.from({ length: 4000 }, (_, i) => i));
    let turned = false;
    setImmediate(() => (turned = true));
    for (let i = 0; i < 4000; i++) await made.stream.next(null);
    expect(turned).toBe(true);
    made.fake.last.finish();
  });

  it('hears of an item that cannot be read after those before it, and the job is cancelled', async () => {
    const made = await running(4);
    made.say('a');
    made.fake.last.say({ type: 'items', id: made.job.id, items: [{ 'offloop:class': 'unheard of', data: {} }], encoded: true });
    expect(made.fake.last.sent('cancel')).toHaveLength(1);
    made.fake.last.finish();
    expect(await made.stream.next(null)).toEqual({ done: false, value: 'a' });
    expect(await failure(made.stream.next(null))).toMatchObject({ message: expect.stringContaining('unheard of') as string });
  });

  it('that leaves says so first, then cancels; what still comes is dropped', async () => {
    const made = await running(4);
    made.say('a', 'b');
    const left = made.stream.leave();
    made.say('c');
    expect(made.fake.last.mail.slice(-2)).toMatchObject([{ type: 'close' }, { type: 'cancel' }]);
    made.fake.last.finish();
    await left;
    expect(await made.stream.next(null)).toEqual({ done: true, value: undefined });
    expect(made.job.state).toBe('cancelled');
  });

  it('of what is no generator is told so, with what came instead', async () => {
    const made = await running(4, false);
    const first = made.stream.next(null);
    made.fake.last.finish(42);
    expect(await failure(first)).toMatchObject({
      message: expect.stringMatching(/what rows returned to be a generator.*got 42/) as string,
    });
  });
});
