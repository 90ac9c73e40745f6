/** Offloaded generators: 17, 18, 97, and items before errors. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import {
  CancelledError,
  CancelScope,
  ClosedResourceError,
  fromModule,
  NotCloneableError,
  TimeoutError,
  timeout,
  WorkerDiedError,
} from '../../../src/index.ts';
import type { Executor, OffloadedStream, SubmitOptions } from '../../../src/index.ts';
import { add } from '../../fixtures/jobs/basic.ts';
import * as jobs from '../../fixtures/jobs/streams.ts';
import { makeGate, scratch } from '../../support/gates.ts';
import { failure } from '../../support/virtual.ts';
import type { Subject } from './subject.ts';

type Items<Y> = AsyncIterableIterator<Y> & AsyncDisposable;
type Options = SubmitOptions & { highWaterMark?: number };

let traces = 0;
const trace = (): string => join(scratch(), `trace-${++traces}`);
const read = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

async function collect<Y>(items: AsyncIterable<Y>): Promise<Y[]> {
  const all: Y[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** What came, and the error after it. */
async function drain(items: AsyncIterable<unknown>): Promise<[unknown[], unknown]> {
  const all: unknown[] = [];
  const error = await failure(async () => {
    for await (const item of items) all.push(item);
  });
  return [all, error];
}

const traced = { countWithTrace: jobs.countWithTrace, countAsyncWithTrace: jobs.countAsyncWithTrace };

export function streams(subject: Subject): void {
  const { use, shared, separate, reports } = subject;
  const on = <A extends unknown[], Y>(executor: Executor, fn: OffloadedStream<A, Y>, options: Options = {}) =>
    fn.with({ ...options, executor });
  const settled = (executor: Executor): Promise<void> =>
    vi.waitFor(() => expect(executor.statistics()).toMatchObject({ running: 0, queued: 0 }));

  it('all items come in order, then the end; of generators and async generators, also more than the high-water mark (97)', async () => {
    const executor = shared(1);
    const expected = Array.from({ length: 1000 }, (_, i) => i + 1);
    expect(await collect(on(executor, jobs.countTo)(1000))).toEqual(expected);
    expect(await collect(on(executor, jobs.countAsync)(1000))).toEqual(expected);
    expect(await collect(on(executor, jobs.countTo, { highWaterMark: 1 })(20))).toEqual(expected.slice(0, 20));
    expect(await collect(on(executor, jobs.countTo)(0))).toEqual([]);
  });

  it('nothing runs before the first next(), and a stream that is left before never runs', async () => {
    const executor = use({ max: 1 });
    const file = trace();
    const items = on(executor, jobs.countWithTrace)(file, 3);
    await items.return?.();
    expect([await items.next(), read(file), executor.statistics().workers]).toEqual([{ done: true, value: undefined }, '', 0]);
  });

  it('several next() at once are served in order, those behind the end too', async () => {
    const items = on(shared(1), jobs.countTo)(2);
    const results = await Promise.all([items.next(), items.next(), items.next(), items.next()]);
    const end = { done: true, value: undefined };
    expect(results).toEqual([{ done: false, value: 1 }, { done: false, value: 2 }, end, end]);
  });

  it.runIf(separate).each(Object.entries(traced))('%s is not advanced beyond its credit', async (_name, fn) => {
    const file = trace();
    const items = on(shared(1), fn, { highWaterMark: 4 })(file, 1000);
    expect(await items.next()).toEqual({ done: false, value: 1 });
    await vi.waitFor(() => expect(read(file)).toBe('4'));
    await items.next(); // half of it was taken: two more may come
    await vi.waitFor(() => expect(read(file)).toBe('6'));
    await items.return?.();
    expect(read(file)).toBe('6!');
  });

  it.each(Object.entries(traced))('leaving the loop over %s runs its finally, and waits for that (97)', async (_name, fn) => {
    const executor = use({ max: 1 });
    const file = trace();
    for await (const item of on(executor, fn, { highWaterMark: 2 })(file, 1000)) if (item === 3) break;
    expect(read(file)).toMatch(/!$/);
    expect(await executor.submit(add, [1, 2])).toBe(3);
    expect(executor.statistics()).toMatchObject({ respawned: 0, failed: 0 });
  });

  it('a throw in the loop, and the end of await using, stop it as well', async () => {
    const executor = shared(1);
    const files = [trace(), trace()] as const;
    const error = await failure(async () => {
      for await (const _ of on(executor, jobs.countWithTrace)(files[0], 1000)) throw new RangeError('mine');
    });
    expect(error).toMatchObject({ message: 'mine' });
    const items: Items<number> = on(executor, jobs.countWithTrace)(files[1], 1000);
    await items.next();
    await items[Symbol.asyncDispose]();
    await items[Symbol.asyncDispose]();
    expect(files.map((file) => read(file).endsWith('!'))).toEqual([true, true]);
  });

  it('one that waits inside is woken when the loop is left', async () => {
    const file = trace();
    const items = on(shared(1), jobs.oneThenWait)(file);
    await items.next();
    const waiting = items.next();
    await items.return?.();
    expect([await waiting, read(file)]).toEqual([{ done: true, value: undefined }, 'cleaned up']);
  });

  it('what its finally throws reaches whoever leaves', async () => {
    const items = on(shared(1), jobs.throwInFinally, { highWaterMark: 2 })();
    await items.next();
    expect(await failure(items.return!())).toMatchObject({ name: 'RangeError', message: 'while cleaning up' });
    expect(reports).toEqual([]);
  });

  it.runIf(separate)('one that neither yields nor listens is killed after the grace', async () => {
    const executor = use({ max: 1 });
    let spins!: (value: unknown) => void;
    const spinning = new Promise((resolve) => (spins = resolve));
    const items = on(executor, jobs.oneThenSpin, { grace: 10, onProgress: spins })(false);
    await items.next();
    await spinning;
    await items.return?.();
    expect(await executor.submit(add, [1, 2])).toBe(3);
    expect(executor.statistics().respawned).toBe(1);
  });

  it('a generator that throws: its items first, then its error with class, code and cause, and the line that consumed (97)', async () => {
    const executor = use({ max: 1 });
    const [items, error] = await drain(on(executor, jobs.throwAfter)(300));
    expect(items).toHaveLength(300);
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'no more', code: 'E_ROWS', cause: { name: 'TypeError', message: 'deep' } });
    expect((error as Error).stack).toMatch(/fixtures\/jobs\/streams\.[jt]s[^]*contract\/streams\.ts/);
    expect(executor.statistics()).toMatchObject({ failed: 1 });
    expect(reports).toEqual([]);
  });

  it('after its error a stream is at its end', async () => {
    const items = on(shared(1), jobs.throwAfter)(0);
    expect(await failure(items.next())).toMatchObject({ code: 'E_ROWS' });
    expect(await items.next()).toEqual({ done: true, value: undefined });
    await items.return?.();
  });

  it('an error behind items that nobody took goes to the exception handler', async () => {
    const executor = shared(1);
    const items = on(executor, jobs.throwAfter)(3);
    await items.next();
    await settled(executor);
    await items.return?.();
    expect(reports).toMatchObject([{ error: { code: 'E_ROWS' } }]);
  });

  it.runIf(separate)('a crash in mid-stream is an error after the items that came, and the pool goes on (138)', async () => {
    const executor = shared(1);
    const [items, error] = await drain(on(executor, jobs.exitAfter, { name: 'the rows' })(5));
    expect(items).toEqual([1, 2, 3, 4, 5]);
    expect(error).toBeInstanceOf(WorkerDiedError);
    expect(error).toMatchObject({ why: 'exit', exitCode: 7, job: 'the rows' });
    expect(await executor.submit(add, [1, 2])).toBe(3);
  });

  it('a cancelled consumer goes on when the finally has run, and then its next() throws', async () => {
    const executor = shared(1);
    const file = trace();
    const scope = new CancelScope();
    const seen: unknown[] = [];
    await scope.run(async () => {
      const items = on(executor, jobs.oneThenWait)(file);
      await items.next();
      setImmediate(() => scope.cancel());
      const error = await failure(items.next());
      seen.push(error instanceof CancelledError, read(file));
      seen.push((await failure(items.next())) instanceof CancelledError);
    });
    expect(seen).toEqual([true, 'cleaned up', true]);
  });

  it('a time limit around the consumer alone ends the stream as well', async () => {
    const executor = shared(1);
    const file = trace();
    const items = on(executor, jobs.oneThenWait)(file);
    await items.next();
    expect(await failure(timeout(10, () => items.next()))).toBeInstanceOf(TimeoutError);
    expect([read(file), await items.next()]).toEqual(['cleaned up', { done: true, value: undefined }]);
  });

  it('a stream ends with the scope that made it', async () => {
    const executor = shared(1);
    const file = trace();
    let items!: Items<number>;
    await new CancelScope().run(async () => {
      items = on(executor, jobs.countWithTrace, { highWaterMark: 2 })(file, 1000);
      await items.next();
    });
    await vi.waitFor(() => expect(read(file)).toMatch(/!$/));
    await settled(executor);
    expect((await drain(items))[1]).toBeInstanceOf(ClosedResourceError);
  });

  it.runIf(separate)('its timeout, its signal and its name are those of a job', async () => {
    const executor = shared(1);
    const [items, error] = await drain(on(executor, jobs.oneThenSpin, { timeout: 300 })(true));
    expect([items, (error as Error).name]).toEqual([['first'], 'TimeoutError']);
    const controller = new AbortController();
    const aborted = on(executor, jobs.oneThenWait, { signal: controller.signal })(trace());
    await aborted.next();
    controller.abort();
    expect(await failure(aborted.next())).toMatchObject({ source: 'signal' });
    expect(await collect(on(executor, jobs.named, { name: 'given' })())).toEqual(['given']);
  });

  it('an item arrives at once when the generator then waits, or blocks its thread', async () => {
    const executor = shared(1);
    for (const fn of separate ? [jobs.twoWithGate, jobs.twoWithBlock] : [jobs.twoWithGate]) {
      const gate = makeGate();
      const items = on(executor, fn)(gate.file);
      expect(await items.next()).toEqual({ done: false, value: 'before' });
      gate.open();
      expect(await collect(items)).toEqual(['after']);
    }
  });

  it('instances of registered classes arrive as instances, moved buffers with their bytes', async () => {
    const executor = shared(1);
    const [first, second] = (await collect(on(executor, jobs.points)())) as [jobs.Point, { at: jobs.Point }];
    expect([first.doubled, second.at.doubled]).toEqual([2, 4]);
    const bytes = await collect(on(executor, jobs.buffers)(300));
    expect(bytes.map((b) => b[3])).toEqual(Array.from({ length: 300 }, (_, i) => i & 255));
  });

  it.each(['object', 'view', 'inside'] as const)('a generator may yield the same memory again and again (%s)', async (kind) => {
    const items = await collect(on(shared(1), jobs.reused)(100, kind));
    const read = (item: unknown): number => {
      const { i, bytes, 0: first } = item as { i?: number; bytes?: Uint8Array; 0?: number };
      return i ?? bytes?.[0] ?? (first as number);
    };
    expect(items.map(read)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it.runIf(separate)(
    'an item that cannot be cloned is an error with its path, after those before it; the generator cleans up',
    async () => {
      const file = trace();
      const [items, error] = await drain(on(shared(1), jobs.uncloneable)(file));
      expect(items).toEqual([1, 2, 3]);
      expect(error).toBeInstanceOf(NotCloneableError);
      expect(error).toMatchObject({ path: 'item.deep[0]' });
      expect(read(file)).toBe('cleaned up');
    },
  );

  it('inside a worker a stream runs in place', async () => {
    expect(await shared(1).submit(jobs.sumInside, [10])).toBe(55);
  });

  it('exports of a plain module are streams when they are generators, from the first call on, and jobs when they are not (17)', async () => {
    const executor = shared(1);
    const module = fromModule<typeof import('../../fixtures/jobs/plain-streams.ts')>(
      new URL('../../fixtures/jobs/plain-streams.ts', import.meta.url),
    );
    const [rows, rowsLater, none, twice] = [
      module.rows.with({ executor, highWaterMark: 2 }),
      module.rowsLater.with({ executor }),
      module.none.with({ executor }),
      module.twice.with({ executor }),
    ];
    for (let i = 0; i < 2; i++) {
      expect(await collect(rows(5))).toEqual([1, 2, 3, 4, 5]);
      expect(await collect(rowsLater(3))).toEqual([1, 2, 3]);
      expect(await collect(none())).toEqual([]);
      expect(await twice(4)).toBe(8);
    }
    expect(await failure(collect(twice(4) as never))).toBeInstanceOf(TypeError);
  });

  it('awaiting the call of such an export gives the stream', async () => {
    const executor = shared(1);
    const module = fromModule<typeof import('../../fixtures/jobs/plain-streams.ts')>(
      new URL('../../fixtures/jobs/plain-streams.ts', import.meta.url),
    );
    const rows = module.rows.with({ executor });
    const items = await (rows(3) as unknown as Promise<AsyncIterable<number>>);
    expect(await collect(items)).toEqual([1, 2, 3]);
  });

  it('a bad highWaterMark is refused, and functions that are no generators know none', () => {
    const executor = shared(1);
    for (const highWaterMark of [0, -1, 1.5, Number.NaN, '4' as never]) {
      expect(() => jobs.countTo.with({ executor, highWaterMark })).toThrow(/options\.highWaterMark/);
    }
    expect(() => add.with({ executor, highWaterMark: 4 } as never)).toThrow(/highWaterMark/);
  });
}
