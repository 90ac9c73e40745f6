/** The far side: what it makes of jobs. Its beginning and end, and cancellation: serve-life. */
import { describe, expect, it, vi } from 'vitest';
import { registerClass } from '../../src/wire/class-registry.ts';
import { ControlBlock } from '../../src/wire/control.ts';
import { CODED_VALUE, TAKEN_BACK, VALUE } from '../../src/wire/protocol.ts';
import { decodeValues, encodeValues, move } from '../../src/wire/transfer.ts';
import { currentJob } from '../../workers/job.ts';
import { Server } from '../../workers/serve.ts';
import { Far, inline, reach } from '../support/far.ts';

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

  it('stops where the rest was taken back, and says so once', async () => {
    const far = new Far();
    const fn = far.define(function first(n: number) {
      globalThis.reach.calls.push(n);
      return globalThis.reach.gate;
    });
    let openGate!: () => void;
    reach.gate = new Promise((resolve) => (openGate = resolve));
    far.send(fn, [1], [2], [3]);
    await vi.waitUntil(() => reach.calls.length === 1);
    expect(far.control.revoke()).toBe(1);
    openGate();
    expect(await far.outcomes(2)).toEqual([
      [VALUE, undefined],
      [TAKEN_BACK, null],
    ]);
    expect(reach.calls).toEqual([1]);
  });

  it('that was taken back as a whole runs nothing', async () => {
    const far = new Far();
    const fn = far.define(function never() {
      globalThis.reach.calls.push('ran');
    });
    far.control.revoke();
    const base = 1;
    far.control.offer(base, 1);
    far.control.revoke();
    far.server.receive([fn, 1, [], null]);
    expect(await far.outcomes(1)).toEqual([[TAKEN_BACK, null]]);
    expect(reach.calls).toEqual([]);
  });

  it('is over with its last outcome: what is offered next is not claimed by it', async () => {
    const control = new ControlBlock();
    const server = new Server(control, { postMessage: () => control.offer(50, 1) }); // the loop is quick
    server.receive({ type: 'define', fn: 1, ref: inline(function one() { return 1; }), name: 'one' }); // prettier-ignore
    control.offer(1, 1);
    server.receive([1, 1, [], null]);
    await vi.waitUntil(() => control.sequence(0) === 50);
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(control.claimed).toBe(0);
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
