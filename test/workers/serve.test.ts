/** The far side: what it makes of jobs. Its beginning and end, and cancellation: serve-life. */
import { describe, expect, it, vi } from 'vitest';
import { registerClass } from '../../src/wire/class-registry.ts';
import { CODED_VALUE, TAKEN_BACK, VALUE } from '../../src/wire/protocol.ts';
import { decodeValues, encodeValues, move } from '../../src/wire/transfer.ts';
import { currentJob } from '../../workers/job.ts';
import { Far, reach } from '../support/far.ts';

describe('a batch', () => {
  it('runs job by job, in order, and each outcome is posted when it is there', async () => {
    const far = new Far();
    const fn = far.define(function twice(n: number) {
      globalThis.reach.calls.push(n);
      return n % 2 === 0 ? n * 2 : Promise.resolve(n * 2);
    });
    far.send(fn, [1], [2], [3]);
    expect(await far.outcomes(3)).toEqual([
      [VALUE, 2],
      [VALUE, 4],
      [VALUE, 6],
    ]);
    expect(reach.calls).toEqual([1, 2, 3]);
  });

  it('goes past what was taken back, and says so', async () => {
    const far = new Far();
    const fn = far.define(function first(n: number) {
      globalThis.reach.calls.push(n);
      return globalThis.reach.gate;
    });
    let openGate!: () => void;
    reach.gate = new Promise((resolve) => (openGate = resolve));
    const base = far.send(fn, [1], [2], [3]);
    await vi.waitUntil(() => reach.calls.length === 1);
    expect(far.control.takeBack(base + 1)).toBe(true);
    openGate();
    expect(await far.outcomes(3)).toEqual([
      [VALUE, undefined],
      [TAKEN_BACK, null],
      [VALUE, undefined],
    ]);
    expect(reach.calls).toEqual([1, 3]);
  });

  it('waits while a job of the one before waits for a promise', async () => {
    const far = new Far();
    const fn = far.define(function ordered(n: number) {
      globalThis.reach.calls.push(n);
      return n === 1 ? globalThis.reach.gate : n;
    });
    let openGate!: () => void;
    reach.gate = new Promise((resolve) => (openGate = resolve));
    far.send(fn, [1]);
    far.send(fn, [2], [3]);
    far.send(fn, [4]);
    await vi.waitUntil(() => reach.calls.length === 1);
    await far.turn();
    expect(reach.calls).toEqual([1]);
    openGate();
    await far.outcomes(4);
    expect(reach.calls).toEqual([1, 2, 3, 4]);
  });
});

describe('in shared memory', () => {
  const plain = function plain(v: unknown) {
    return v;
  };

  it('small results stand, and the loop is told once of many', async () => {
    vi.spyOn(performance, 'now').mockReturnValue(1); // a worker that was kept from running would tell once more
    const far = new Far({ sharesMemory: true });
    const base = far.send(far.define(plain), [1], [null], [true]);
    await far.next();
    await far.turn();
    expect(far.heard).toEqual([[]]);
    expect([0, 1, 2].map((i) => far.control.kept(base + i))).toEqual([1, null, true]);
  });

  it('they can be found while the next job is still running', async () => {
    const far = new Far({ sharesMemory: true });
    const fn = far.define(function look(n: number) {
      const { reach } = globalThis;
      return n === 0 ? 7 : reach.calls.push((reach as unknown as { isKept(s: number): boolean }).isKept(n));
    });
    Object.assign(reach, { isKept: (sequence: number) => far.control.isKept(sequence) });
    far.send(fn, [0], [1]);
    await far.next();
    expect(reach.calls).toEqual([true]);
  });

  it('a result that must be posted is posted at once, and tells of those before it', async () => {
    const far = new Far({ sharesMemory: true });
    const base = far.send(far.define(plain), [1], ['text'], [2]);
    await far.outcomes(1);
    await far.next();
    expect(far.heard).toEqual([[VALUE, expect.any(Number), 'text'], []]);
    expect([far.control.kept(base), far.control.isKept(base + 1), far.control.kept(base + 2)]).toEqual([1, false, 2]);
  });

  it('the loop is told of results before the worker waits for a promise', async () => {
    const far = new Far({ sharesMemory: true });
    const fn = far.define(function slow(n: number) {
      return n === 1 ? 1 : globalThis.reach.gate;
    });
    let openGate!: () => void;
    reach.gate = new Promise((resolve) => (openGate = resolve));
    far.send(fn, [1], [2]);
    await far.next();
    expect(far.heard).toEqual([[]]);
    openGate();
    await far.next();
    expect(far.heard).toEqual([[], []]);
  });

  it('the loop is told while a long batch goes on', async () => {
    const far = new Far({ sharesMemory: true });
    const fn = far.define(function busy(ms: number) {
      for (const end = performance.now() + ms; performance.now() < end;);
      return ms;
    });
    far.send(fn, [0], [0.3], [0.3]);
    await far.next();
    await far.turn();
    expect(far.heard.length).toBeGreaterThan(1);
  });

  it('what was taken back is gone past, and the loop is told', async () => {
    const far = new Far({ sharesMemory: true });
    const fn = far.define(plain);
    far.control.offer(1, 1);
    far.control.takeBack(1);
    far.server.receive([fn, 1, [], null]);
    await far.next();
    expect([far.heard, far.control.hasPassed(1)]).toEqual([[[]], true]);
  });
});

describe('a result', () => {
  it('that is a promise of any kind is awaited', async () => {
    const far = new Far();
    const fn = far.define(function thenable() {
      return { then: (resolve: (v: unknown) => void) => setImmediate(resolve, 'from a thenable') };
    });
    far.send(fn, []);
    expect(await far.outcomes(1)).toEqual([[VALUE, 'from a thenable']]);
  });

  it('that cannot be cloned rejects its job with the path, and the next one runs (126)', async () => {
    const far = new Far();
    const fn = far.define(function odd(n: number) {
      return n === 1 ? { deep: [1, () => 0] } : n === 2 ? Object.setPrototypeOf(new WeakMap(), Object.prototype) : 'fine';
    });
    far.send(fn, [1], [2], [3]);
    const outcomes = await far.outcomes(3);
    expect(outcomes[0]![1]).toMatchObject({ code: 'OFFLOOP_NOT_CLONEABLE', path: 'result.deep[1]' });
    expect(outcomes[1]![1]).toMatchObject({ code: 'OFFLOOP_NOT_CLONEABLE', path: 'result' });
    expect(outcomes[2]).toEqual([VALUE, 'fine']);
  });

  it('is moved when it is marked', async () => {
    const far = new Far();
    const bytes = new Uint8Array([1, 2, 3]);
    (globalThis as unknown as { bytes: unknown }).bytes = bytes;
    (globalThis as unknown as { move: unknown }).move = move;
    const fn = far.define(function give() {
      const here = globalThis as unknown as { move(v: unknown): unknown; bytes: unknown };
      return { bytes: here.move(here.bytes) };
    });
    far.send(fn, []);
    expect(await far.outcomes(1)).toEqual([[VALUE, { bytes: new Uint8Array([1, 2, 3]) }]]);
    expect(bytes.byteLength).toBe(0);
  });
});

describe('a failure', () => {
  it('is encoded whatever was thrown (66, 70)', async () => {
    const far = new Far();
    const fn = far.define(function fails(how: unknown) {
      if (how === 'reject') return Promise.reject(new TypeError('rejected'));
      throw how === 'error' ? Object.assign(new RangeError('thrown'), { extra: 1 }) : how;
    });
    far.send(fn, ['error'], ['reject'], ['text'], [null], [undefined], [{ a: 1 }]);
    const [error, rejected, ...others] = (await far.outcomes(6)).map(([, payload]) => payload);
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'thrown', extra: 1 });
    expect(rejected).toBeInstanceOf(TypeError);
    expect(others).toEqual(['text', null, undefined, { a: 1 }]);
  });

  it('of a function that needs something from around it is the error of that job', async () => {
    const far = new Far();
    const fn = far.define(function outer() {
      return (missingFromHere as () => number)();
    });
    far.send(fn, []);
    expect((await far.outcomes(1))[0]![1]).toMatchObject({ code: 'OFFLOOP_FREE_VARIABLE' });
  });
});
declare const missingFromHere: unknown;

describe('instances of registered classes', () => {
  class Point {
    readonly x: number;
    constructor(x: number) {
      this.x = x;
    }
  }
  registerClass('serve.test.Point', Point);

  it('arrive as instances and leave as instances', async () => {
    const far = new Far();
    const fn = far.define(function shift(p: { x: number; constructor: new (x: number) => unknown }) {
      return new p.constructor(p.x + 1);
    });
    const { values, replaced } = encodeValues([new Point(1)]);
    expect(replaced).toBe(true);
    far.sendWith(fn, { encoded: true }, values);
    const [[kind, payload] = []] = await far.outcomes(1);
    expect(kind).toBe(CODED_VALUE);
    expect(decodeValues([payload])[0]).toEqual(new Point(2));
  });

  it('of a class that is not known here are the error of their job; the next one runs', async () => {
    const far = new Far();
    const fn = far.define(function echo(v: unknown) {
      return v;
    });
    far.sendWith(fn, { encoded: true }, [{ 'offloop:class': 'serve.test.Unknown', data: {} }], ['plain']);
    const outcomes = await far.outcomes(2);
    expect(outcomes[0]![1]).toMatchObject({ code: 'OFFLOOP_INVALID_STATE' });
    expect(outcomes[1]).toEqual([VALUE, 'plain']);
  });
});

describe('the job as its function sees it', () => {
  it('has the id, the name and the deadline it was sent with, also after an await, and none after its end', async () => {
    const far = new Far();
    const fn = far.define(async function look() {
      const { reach } = globalThis;
      const { id, name, deadline } = reach.currentJob()!;
      const read = (): unknown => [id, name, deadline === Infinity ? 'none' : Math.round((deadline - Date.now()) / 1000)];
      const before = read();
      await Promise.resolve();
      return [before, read()];
    });
    far.send(fn, []);
    far.sendWith(fn, { name: 'mine', timeout: 60_000 }, []);
    expect((await far.outcomes(2)).map(([, payload]) => payload)).toEqual([
      [[100, 'look', 'none'], [100, 'look', 'none']],
      [[100, 'mine', 60], [100, 'mine', 60]],
    ]); // prettier-ignore
    expect(currentJob()).toBe(undefined);
  });

  it('sends progress ahead of its outcome; what cannot be cloned throws there', async () => {
    const far = new Far();
    const fn = far.define(function talk() {
      globalThis.reach.progress({ done: 1 });
      try {
        globalThis.reach.progress({ bad: () => 0 });
        return 'not reached';
      } catch (error) {
        return (error as { path: string }).path;
      }
    });
    far.send(fn, []);
    await far.outcomes(1);
    expect(far.heard).toEqual([{ type: 'progress', id: 100, value: { done: 1 } }, [VALUE, expect.any(Number), 'progress value.bad']]);
  });
});
