/** Actors in real threads: what users see, and what happens when the thread dies. */
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest';
import { inspect } from 'node:util';
import { threadId } from 'node:worker_threads';
import { actor, CancelledError, ClosedResourceError, move, moveOnAfter, run, WorkerDiedError } from '../../src/index.ts';
import type { Remote } from '../../src/index.ts';
import { markCallback } from '../../src/wire/callback-mark.ts';
import { Broken, Closing, Counter, Money, Parent } from '../fixtures/actors/counter.ts';

type CounterRemote = Awaited<ReturnType<typeof Counter.spawn>>;
let open: AsyncDisposable[] = [];
afterEach(async () => {
  await Promise.all(open.map(async (each) => each[Symbol.asyncDispose]()));
  open = [];
});
async function counter(start = 0, label?: string): Promise<CounterRemote> {
  const remote = await (label === undefined ? Counter.spawn(start) : Counter.spawn(start, label));
  open.push(remote);
  return remote;
}
const outcome = (promise: PromiseLike<unknown>): Promise<unknown> => Promise.resolve(promise).catch((error: unknown) => error);

class Some {
  method(): void {}
}

describe('actor()', () => {
  it.each([
    [() => actor(import.meta, (() => 1) as never), 'Expected cls to be a class, got [Function (anonymous)]'],
    [() => actor(import.meta, 5 as never), 'Expected cls to be a class, got 5 (number)'],
    [() => actor({} as never, Some), 'Expected import.meta.url to be the URL of the module'],
    [() => actor(import.meta, class { then(): void {} } as never), 'a class without a member named then'], // prettier-ignore
    [() => actor(import.meta, Some, { nam: 'x' } as never), 'Unknown option options.nam'],
    [() => actor(import.meta, Some, { resourceLimits: { stackSizeMb: -1 } }), 'options.resourceLimits.stackSizeMb'],
  ])('refuses what cannot be one (case %#)', (bad, message) => {
    expect(bad).toThrow(message);
  });

  it('is an address', () => {
    const { module, export: name } = actor(import.meta, Some, { name: 'named' });
    expect([module, name]).toEqual([import.meta.url, 'named']);
  });

  it('is typed from the class (14)', () => {
    expectTypeOf(Counter.spawn).parameters.toEqualTypeOf<[start: number, label?: string | undefined]>();
    expectTypeOf<CounterRemote['add']>().toEqualTypeOf<(n: number) => Promise<number>>();
    expectTypeOf<CounterRemote['addSlowly']>().toEqualTypeOf<(n: number) => Promise<number>>();
    expectTypeOf<CounterRemote['numbers']>().toEqualTypeOf<(to: number) => AsyncIterableIterator<number>>();
    expectTypeOf<CounterRemote['double']>().toEqualTypeOf<Promise<number>>();
    expectTypeOf<Remote<{ a: string }>>().toExtend<AsyncDisposable>();
  });
});

describe('an actor', () => {
  it('lives in a thread of its own, with methods, getters, fields, functions, inheritance and private state (98)', async () => {
    const remote = await counter(5, 'mine');
    expect(await remote.thread()).not.toBe(threadId);
    expect(await Promise.all([remote.add(3), remote.addSlowly(2), remote.double, remote.count, remote.label])).toEqual([
      8,
      10,
      16,
      8,
      'mine',
    ]);
    expect(await Promise.all([remote.arrow(1), remote.inherited(), remote.secret()])).toEqual([11, 'from the base class', 42]);
  });

  it('has the properties that a method adds to it', async () => {
    const remote = (await counter()) as CounterRemote & { added?: Promise<string> };
    expect(remote.added).toBeUndefined();
    await remote.later();
    expect(await remote.added).toBe('later');
  });

  it('is no promise, pretends nothing, and says what it is', async () => {
    const remote = (await counter()) as unknown as Record<string, unknown>;
    expect([remote['then'], remote['toJSON'], remote['inspect'], remote['nothing']]).toEqual([undefined, undefined, undefined, undefined]);
    expect([inspect(remote), (remote as unknown as { toString(): string }).toString()]).toEqual(
      Array(2).fill('<actor CounterClass: 0 calls under way>'),
    );
    expect(() => structuredClone(remote)).toThrow('could not be cloned');
    expect(() => (remote['count'] = 1)).toThrow('CounterClass.count cannot be set from here');
  });

  it('takes and gives instances of registered classes, and what is moved (90, 98)', async () => {
    const remote = await counter();
    expect(await remote.echo([new Money(5)])).toEqual([new Money(5)]);
    expect((await remote.echo(new Money(5))) instanceof Money).toBe(true);
    const bytes = new Uint8Array(1000);
    expect(((await remote.echo(move(bytes))) as Uint8Array).byteLength).toBe(1000);
    expect([bytes.byteLength, (await remote.give(64)).byteLength]).toEqual([0, 64]);
  });

  it('calls back what was passed to it, in the scope of the call', async () => {
    const remote = await counter();
    const heard: unknown[] = [];
    const fn = markCallback(async (n: number) => {
      heard.push(n, threadId);
      if (n < 0) throw new RangeError('too small', { cause: new Money(1) });
      return n * 2;
    });
    expect(await remote.callBack({ fn }, 21)).toBe(42);
    expect(heard).toEqual([21, threadId]);
    expect(await outcome(remote.callBack({ fn }, -1))).toMatchObject({ name: 'RangeError', cause: new Money(1) });
  });

  it('may start actors of its own', async () => {
    const parent = await Parent.spawn();
    open.push(parent);
    expect(await parent.addInChild(4)).toEqual([5, true]);
  });
});

describe('errors', () => {
  it('keep class, code, properties, cause and members; the stack shows both sides (132)', async () => {
    const remote = await counter();
    const error = (await outcome(remote.fail())) as RangeError & { code: string; detail: object };
    expect([error instanceof RangeError, error.code, error.detail, error.cause]).toEqual([
      true,
      'E_RANGE',
      { n: 1 },
      new TypeError('the cause'),
    ]);
    expect(error.stack).toMatch(/CounterClass\.fail .*counter\.[jt]s[\s\S]*submitted here[\s\S]*actor\.test\.ts/);
    const all = (await outcome(remote.failAll())) as AggregateError;
    expect(all.errors).toEqual([new RangeError('one'), new Money(2)]);
    await expect(remote.failing).rejects.toThrow(new RangeError('no value'));
  });

  it('show the calling line however fast the calls come', async () => {
    const remote = await counter();
    const failing = async (): Promise<unknown> => {
      await remote.fail();
      return null;
    };
    const errors = (await Promise.all([1, 2, 3].map(() => outcome(failing())))) as Error[];
    for (const error of errors) expect(error.stack).toMatch(/counter\.[jt]s[\s\S]*submitted here[\s\S]*failing .*actor\.test\.ts/);
  });

  it('of what cannot be cloned name the path; the worker survives (99, 126)', async () => {
    const remote = await counter(1);
    expect(await outcome(remote.echo({ a: [() => 1] }))).toMatchObject({ code: 'OFFLOOP_NOT_CLONEABLE', path: 'args[0].a[0]' });
    expect(await outcome(remote.uncloneable())).toMatchObject({ code: 'OFFLOOP_NOT_CLONEABLE', path: 'result.list[1]' });
    expect(await remote.add(1)).toBe(2);
  });
});

describe('cancelling', () => {
  it('a call stops a method that waits, and one that computes; the state is kept (136)', async () => {
    const remote = await counter(7);
    const cancelled = await run(() => moveOnAfter(20, async () => (await remote.spin(), 'not cancelled')));
    expect([cancelled, await remote.add(0)]).toEqual([undefined, 7]);
    await run(() => moveOnAfter(20, () => remote.napping()));
    expect(await remote.add(1)).toBe(8);
  });

  it('spawn ends the worker, also one that is stuck in the constructor', async () => {
    const spawned = await run(() => moveOnAfter(100, () => Broken.spawn('spin')));
    expect(spawned).toBeUndefined();
  });
});

describe('a stream', () => {
  it('brings every item in order, from generators and from methods that return one (97)', async () => {
    const remote = await counter();
    const items: number[] = [];
    for await (const n of remote.numbers(500)) items.push(n);
    expect(items).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
    for await (const n of remote.range(3)) items.push(-n);
    expect(items.slice(-3)).toEqual([-1, -2, -3]);
    const one = remote.range(3);
    expect([await one.next(), await one.next(), await one.return?.()].map((r) => r?.value as unknown)).toEqual([1, 2, undefined]);
  });

  it('that is left early runs its finally; it never ran far ahead', async () => {
    const remote = await counter();
    for await (const n of remote.numbers(1_000_000)) if (n === 10) break;
    expect(await remote.log()).toContain('finally');
    expect(await remote.count).toBeLessThan(100);
  });

  it('brings the items before an error, or the death of the worker (97)', async () => {
    const collect = async (stream: AsyncIterable<unknown>): Promise<[unknown[], unknown]> => {
      const items: unknown[] = [];
      const error = await outcome((async () => { for await (const item of stream) items.push(item); })()); // prettier-ignore
      return [items, error];
    };
    const remote = await counter();
    expect(await collect(remote.failingAfter(3))).toEqual([[1, 2, 3], new RangeError('mid-stream')]);
    expect(await collect(remote.uncloneableAfter(3))).toMatchObject([[1, 2, 3], { code: 'OFFLOOP_NOT_CLONEABLE' }]);
    expect(await remote.log()).toContain('closed');
    expect(await collect(remote.exitingAfter(3))).toMatchObject([[1, 2, 3], { why: 'exit', exitCode: 7 }]);
  });

  it('whose wait is cancelled ends at once, and its finally runs', async () => {
    const remote = await counter();
    const items: string[] = [];
    await run(() => moveOnAfter(300, async () => { for await (const item of remote.slow()) items.push(item); })); // prettier-ignore
    await expect.poll(() => remote.log()).toContain('slow ended');
    expect(items).toEqual(['first']);
  });
});

describe('a worker that dies', () => {
  it.each([
    ['exit', (r: CounterRemote) => r.exit(3), { why: 'exit', exitCode: 3, job: 'exit' }],
    ['an uncaught error', (r: CounterRemote) => r.waitForCrash(), { why: 'uncaught', cause: new TypeError('outside of any call') }],
    ['out of memory', (r: CounterRemote) => r.eat(), { why: 'out-of-memory', job: 'eat' }],
  ])('by %s rejects the calls under way and later ones (133, 137)', async (_how, die, expected) => {
    const remote = await counter();
    const [error, neighbour] = await Promise.all([outcome(die(remote)), outcome(remote.napping())]);
    expect(error).toBeInstanceOf(WorkerDiedError);
    expect(error).toMatchObject(expected);
    expect(neighbour).toMatchObject({ why: expected.why, job: 'napping' });
    await expect(remote.add(1)).rejects.toBeInstanceOf(WorkerDiedError);
  });
});

describe('spawn', () => {
  it('rejects with what the constructor throws, or how the worker ended', async () => {
    expect(await outcome(Broken.spawn('throw'))).toMatchObject({ name: 'RangeError', message: 'bad path', code: 'E_PATH' });
    expect(await outcome(Broken.spawn('exit'))).toMatchObject({ code: 'OFFLOOP_WORKER_DIED', exitCode: 3, job: 'constructor' });
    expect(await outcome(Broken.spawn((() => 1) as never))).toMatchObject({ code: 'OFFLOOP_NOT_CLONEABLE', path: 'args[0]' });
  });

  it('says when the module does not load, or has no such class', async () => {
    const gone = actor({ url: 'file:///nowhere/gone.ts' } as ImportMeta, Some);
    expect(await outcome(gone.spawn())).toMatchObject({ why: 'load-failed', message: expect.stringContaining('there is no such file') });
    const meta = { url: new URL('../fixtures/jobs/basic.ts', import.meta.url).href } as ImportMeta;
    expect(await outcome(actor(meta, Some, { name: 'other' }).spawn())).toMatchObject({ code: 'OFFLOOP_FUNCTION_NOT_FOUND' });
  });

  it('in a cancelled scope starts nothing', async () => {
    const error = await run(() => moveOnAfter(-1, () => outcome(Counter.spawn(1))));
    expect(error).toBeInstanceOf(CancelledError);
  });
});

describe('the end', () => {
  const said = (): SharedArrayBuffer => new SharedArrayBuffer(8);

  it('waits for the calls, ends open streams, disposes of the object once, then refuses (99)', async () => {
    const memory = said();
    const remote = await Closing.spawn(memory);
    for await (const n of remote.endless()) if (n === 1) void remote.endless().next();
      else break; // prettier-ignore
    const nap = remote.nap(10);
    await Promise.all([remote[Symbol.asyncDispose](), remote[Symbol.asyncDispose]()]);
    expect([await nap, ...new Int32Array(memory)]).toEqual(['napped', 1, 2]);
    await expect(remote.nap(1)).rejects.toBeInstanceOf(ClosedResourceError);
  });

  it('rejects with what the dispose method throws', async () => {
    const remote = await Closing.spawn(said(), true);
    await expect(remote[Symbol.asyncDispose]()).rejects.toThrow(new RangeError('cannot close'));
  });

  it('of run() ends what was not released', async () => {
    const memory = said();
    await run(async () => void (await Closing.spawn(memory)));
    expect(new Int32Array(memory)[0]).toBe(1);
  });
});
