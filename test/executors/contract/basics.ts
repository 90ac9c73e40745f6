/** Sections A and parts of J: what may be submitted, how it is found, where it runs. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, expectTypeOf, it } from 'vitest';
import { fromModule } from '../../../src/index.ts';
import type { Task } from '../../../src/index.ts';
import { add, addLater, breakProcessGlobal, environment, flags, jobName, thenable, whereAmI } from '../../fixtures/jobs/basic.ts';
import { failingInit, init, lifeSigns } from '../../fixtures/jobs/lifecycle.ts';
import { depth, nestedPlaces, nestedToThread } from '../../fixtures/jobs/nested.ts';
import { scratch } from '../../support/gates.ts';
import { failure, refusal } from '../../support/virtual.ts';
import type { Subject } from './subject.ts';

type Plain = typeof import('../../fixtures/jobs/plain.ts');
const plainUrl = new URL('../../fixtures/jobs/plain.ts', import.meta.url);

export function basics({ use, shared, separate, processes }: Subject): void {
  it('a function is called with its arguments, and its value comes back (1)', async () => {
    expect(await use().submit(add, [2, 3])).toBe(5);
  });

  it('synchronous functions, promises and other thenables all work (2)', async () => {
    const executor = shared(1);
    expect(await executor.submit(addLater, [2, 3])).toBe(5);
    expect(await executor.submit(thenable, [])).toBe('awaited');
    expect(await executor.submit((n: number) => n + 1, [1])).toBe(2);
    expect(await executor.submit(async (n: number) => Promise.resolve(n + 1), [1])).toBe(2);
  });

  it('the function is chosen per call: one pool runs all of them (3)', async () => {
    const executor = shared(1);
    const { triple, tripleLater } = fromModule<Plain>(plainUrl);
    expect(await Promise.all([executor.submit(add, [1, 1]), executor.submit(triple, [2]), executor.submit(tripleLater, [3])])).toEqual([
      2, 6, 9,
    ]);
    expect(await triple.with({ executor })(4)).toBe(12);
  });

  it('what is no function rejects with an error that says so (4)', async () => {
    expect(await refusal(shared(1).submit(undefined as never, []) as never)).toBe(
      'TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn to be an offloaded or self-contained function, got undefined',
    );
    expect(await refusal(shared(1).submit(add, 5 as never) as never)).toContain(
      'Expected args to be an array of arguments, got 5 (number)',
    );
    expect(await refusal(shared(1).submit(add, [1, 2], { retries: 1 } as never) as never)).toContain('Unknown option options.retries');
  });

  it('modules are found by URL or path, in both formats (5)', async () => {
    const executor = shared(1);
    const cjs = new URL('../../fixtures/jobs/plain.cjs', import.meta.url);
    for (const place of [plainUrl, plainUrl.href, fileURLToPath(plainUrl), cjs, fileURLToPath(cjs)]) {
      expect(await executor.submit(fromModule<Plain>(place).triple, [2])).toBe(6);
    }
  });

  it('an export that is a promise of a function is awaited (6)', async () => {
    const { prepared } = fromModule<{ prepared(n: number): number }>(plainUrl);
    expect(await shared(1).submit(prepared, [2])).toBe(6);
  });

  it.runIf(separate)('jobs run somewhere else, and know it (7, 86)', async () => {
    const place = await shared(1).submit(whereAmI, []);
    expect([place.pid !== process.pid, place.main, place.thread === 0]).toEqual(processes ? [true, true, true] : [false, false, false]);
    expect(await whereAmI.local()).toMatchObject({ main: true });
  });

  it.runIf(separate)('env and execArgv reach the worker (8)', async () => {
    const executor = use({ env: { ...process.env, OFFLOOP_TEST: 'reached' }, execArgv: ['--no-deprecation'] });
    expect(await executor.submit(environment, ['OFFLOOP_TEST'])).toBe('reached');
    expect(await executor.submit(flags, [])).toContain('--no-deprecation');
    expect(process.env['OFFLOOP_TEST']).toBe(undefined);
  });

  it('arguments, results and options are typed from the function (14)', () => {
    const executor = shared(2);
    const typed = (): unknown => [
      expectTypeOf(executor.submit(add, [1, 2])).toEqualTypeOf<Task<number>>(),
      expectTypeOf(executor.submit(addLater, [1, 2])).toEqualTypeOf<Task<number>>(),
      expectTypeOf(fromModule<Plain>(plainUrl)).toHaveProperty('triple'),
      expectTypeOf(fromModule<Plain>(plainUrl)).not.toHaveProperty('notAFunction'),
      // @ts-expect-error -- the second argument is missing
      executor.submit(add, [1]),
      // @ts-expect-error -- of the wrong type
      executor.submit(add, [1, '2']),
      // @ts-expect-error -- no such option
      executor.submit(add, [1, 2], { retries: 3 }),
    ];
    expect(typed).toBeTypeOf('function');
  });

  it('an export that is missing or no function is named, with its module; the worker lives (16)', async () => {
    const executor = shared(1);
    const before = await executor.submit(whereAmI, []);
    const module = fromModule<{ missing(): void; notAFunction(): void }>(plainUrl);
    for (const name of ['missing', 'notAFunction'] as const) {
      const error = (await failure(executor.submit(module[name], []))) as Error;
      expect(error).toMatchObject({ code: 'OFFLOOP_FUNCTION_NOT_FOUND' });
      expect(error.message).toContain(name);
      expect(error.message).toContain('plain.ts');
    }
    expect(await executor.submit(whereAmI, [])).toEqual(before);
  });

  it('fromModule stands for every function of a module, sync and async (17)', async () => {
    const executor = shared(1);
    const module = fromModule<Plain>(plainUrl);
    expect('triple' in module).toBe(true);
    expect(await executor.submit(module.triple, [1])).toBe(3);
    expect(await executor.submit(module.tripleLater, [1])).toBe(3);
    expect(module.triple).toBe(module.triple);
  });

  it('the caller goes on in its own async context, whoever else waits (18)', async () => {
    const executor = shared(1);
    const context = new AsyncLocalStorage<number>();
    const seen = await Promise.all(
      [1, 2, 3].map((n) => context.run(n, async () => [await executor.submit(add, [n, 0]), context.getStore()])),
    );
    expect(seen).toEqual([[1, 1], [2, 2], [3, 3]]); // prettier-ignore
  });

  it.runIf(separate)('a job that overwrites globalThis.process does not hang the pool (19)', async () => {
    const executor = use({ max: 1 });
    expect(await executor.submit(breakProcessGlobal, [])).toBe('broken');
    expect(await executor.submit(add, [1, 2])).toBe(3);
  });

  it('a job has a name: its own, else that of its function', async () => {
    const executor = shared(1);
    const job = executor.submit(jobName, [], { name: 'mine' });
    expect([job.name, await job]).toEqual(['mine', 'mine']);
    expect(executor.submit(add, [1, 1]).name).toBe('add');
  });

  it.runIf(separate)('init runs once in each worker before its first job', async () => {
    const executor = use({ max: 1, init });
    expect(await executor.submit(lifeSigns, [])).toEqual({ initialised: 1, evaluated: 1 });
    expect(await executor.submit(lifeSigns, [])).toEqual({ initialised: 1, evaluated: 1 });
  });

  it.runIf(separate)('init that fails rejects warmup and jobs, with its error as the cause', async () => {
    const executor = use({ max: 1, init: failingInit });
    expect(await failure(executor.warmup())).toMatchObject({
      code: 'OFFLOOP_WORKER_DIED',
      why: 'load-failed',
      cause: { message: 'no licence' },
    });
    expect(await failure(executor.submit(add, [1, 1]))).toMatchObject({ why: 'load-failed', job: 'add' });
  });

  it.runIf(separate)('a module that is preloaded is there before the first job', async () => {
    const file = join(scratch(), 'preloaded.mjs');
    writeFileSync(file, 'globalThis.isPreloaded = true;');
    const executor = use({ max: 1, preload: [pathToFileURL(file)] });
    await executor.warmup();
    expect(await executor.submit(() => (globalThis as { isPreloaded?: boolean }).isPreloaded, [])).toBe(true);
  });

  it.runIf(separate)('a job may call offloaded functions: they run in place, so its own pool cannot lock up (139)', async () => {
    const executor = shared(1);
    expect(await executor.submit(depth, [10])).toBe(10);
    const [outer, inner] = await executor.submit(nestedPlaces, []);
    expect(inner).toEqual(outer);
    expect(await executor.submit(nestedToThread, [])).toBe(5);
  });
}
