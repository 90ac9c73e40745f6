import { describe, expect, expectTypeOf, it } from 'vitest';
import { fromModule, offload, ThreadPoolExecutor } from '../../src/index.ts';
import type { FromModule, Offloaded, OffloadedFn, OffloadedStream, Task } from '../../src/index.ts';
import { add, addLater } from '../fixtures/jobs/basic.ts';
import { failure, refusal } from '../support/virtual.ts';

type Plain = typeof import('../fixtures/jobs/plain.ts');
const plainUrl = new URL('../fixtures/jobs/plain.ts', import.meta.url);

describe('offload', () => {
  it('gives a function an address: its module, and its name or its place there', () => {
    expect(add.module).toMatch(/test\/fixtures\/jobs\/basic\.ts$/);
    expect([add.export, add.name, addLater.export]).toEqual(['add', 'add', '#0']);
    expect(addLater.name).toBe('basic.ts#0');
    expect(offload({ url: 'file:///m.js' } as ImportMeta, function named() {}).name).toBe('named');
  });

  it('keeps the function at hand for this loop', async () => {
    expect(add.local(1, 2)).toBe(3);
    expect(await addLater.local(1, 2)).toBe(3);
  });

  it('runs it in the default executor, or where with() says', async () => {
    const executor = new ThreadPoolExecutor({ max: 1, name: 'mine' });
    const named = add.with({ executor, name: 'sum', priority: 1 });
    const job = named(1, 2);
    expect([job.name, await job, executor.statistics().completed]).toEqual(['sum', 3, 1]);
    await executor.shutdown();
  });

  it('types its calls from the function', () => {
    expectTypeOf(add).toEqualTypeOf<Offloaded<[number, number], number>>();
    expectTypeOf<OffloadedFn<(a: string) => Promise<number>>>().toEqualTypeOf<Offloaded<[string], number>>();
    expectTypeOf(add.with).returns.toEqualTypeOf<(a: number, b: number) => Task<number>>();
  });

  it('types the streams of generators from what they yield', () => {
    expectTypeOf<OffloadedFn<(n: number) => Generator<string, void, undefined>>>().toEqualTypeOf<OffloadedStream<[number], string>>();
    expectTypeOf<OffloadedFn<() => AsyncGenerator<Uint8Array>>>().toEqualTypeOf<OffloadedStream<[], Uint8Array>>();
    expectTypeOf<OffloadedFn<(a: string) => never>>().toEqualTypeOf<Offloaded<[string], never>>();
    expectTypeOf<FromModule<{ rows: (n: number) => Generator<number> }>['rows']>().toEqualTypeOf<OffloadedStream<[number], number>>();
    expectTypeOf<OffloadedStream<[number], string>>().returns.toEqualTypeOf<AsyncIterableIterator<string> & AsyncDisposable>();
  });

  it('refuses what cannot be offloaded, at the definition', async () => {
    const meta = { url: 'file:///refusals.js' } as ImportMeta;
    expect(await refusal(() => offload(undefined as never, () => 0))).toContain('Expected meta to be `import.meta`, got undefined');
    expect(await refusal(() => offload({} as never, () => 0))).toContain('a bundler that emits CommonJS drops it');
    expect(await refusal(() => offload(meta, 5 as never))).toBe(
      'TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn to be a function, got 5 (number)',
    );
    expect(await refusal(() => offload(meta, () => 0, { name: 7 as never }))).toContain('Expected options.name to be a string');
    expect(await refusal(() => offload(meta, () => 0, { names: 'x' } as never))).toContain('Unknown option options.names');
  });

  it('with() refuses bad options at once, not when it is called', async () => {
    expect(await refusal(() => add.with({ timeout: -1 }))).toContain('RangeError OFFLOOP_OUT_OF_RANGE: Expected options.timeout');
    expect(await refusal(() => add.with({ executor: {} as never }))).toContain('Expected options.executor to be an Executor');
    expect(await refusal(() => add.with({ retries: 1 } as never))).toContain('Unknown option options.retries');
  });
});

describe('fromModule', () => {
  const module = fromModule<Plain>(plainUrl);

  it('stands for each function of a module that knows nothing of us', async () => {
    const executor = new ThreadPoolExecutor({ max: 1 });
    expect(await executor.submit(module.triple, [2])).toBe(6);
    expect([module.triple.module, module.triple.export, module.triple.name]).toEqual([plainUrl.href, 'triple', 'triple']);
    await executor.shutdown();
  });

  it('runs them here with local, imported on demand', async () => {
    expect(await module.triple.local(2)).toBe(6);
    expect(await failure((module as unknown as { missing: OffloadedFn<() => void> }).missing.local() as Promise<void>)).toMatchObject({
      message: expect.stringContaining("Expected export 'missing' of") as string,
    });
  });

  it('is no promise, and has no other properties than names', async () => {
    expect(await Promise.resolve(module)).toBe(module);
    expect([(module as Record<symbol, unknown>)[Symbol.iterator], 'then' in module, 'x' in module]).toEqual([undefined, false, true]);
  });

  it('offers the functions only, to the type checker', () => {
    expectTypeOf(module).toHaveProperty('tripleLater');
    expectTypeOf(module).not.toHaveProperty('notAFunction');
    expectTypeOf(module.tripleLater).toEqualTypeOf<Offloaded<[n: number], number>>();
  });

  it('refuses what is no URL, path or package', async () => {
    expect(await refusal(() => fromModule('./heavy.ts'))).toContain('RangeError OFFLOOP_OUT_OF_RANGE');
    expect(await refusal(() => fromModule(5 as never))).toContain('TypeError OFFLOOP_INVALID_ARGUMENT');
  });
});
