import { EventEmitter, once } from 'node:events';
import * as fs from 'node:fs/promises';
import { transferableAbortController } from 'node:util';
import * as v8 from 'node:v8';
import * as vm from 'node:vm';
import { MessageChannel, MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { InvalidStateError } from '../../src/base/errors.ts';
import { registerClass } from '../../src/wire/class-registry.ts';
import { collectTransfer, decodeValues, encodeValues, move } from '../../src/wire/transfer.ts';

/** The tests read fields that nobody declared. */
type Loose = ReturnType<typeof JSON.parse>;

/** As an executor does it: rewrite, collect, post, restore. */
function send(...args: unknown[]): Loose[] {
  const { port1, port2 } = new MessageChannel();
  const { values, replaced } = encodeValues(args);
  port1.postMessage({ values, replaced }, collectTransfer(values));
  const { message } = receiveMessageOnPort(port2) as { message: { values: unknown[]; replaced: boolean } };
  port1.close();
  return message.replaced ? decodeValues(message.values) : message.values;
}

const u8 = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const isEmpty = (view: ArrayBufferView | ArrayBuffer): boolean => ('buffer' in view ? view.buffer : view).byteLength === 0;

/** Counts how often something looked inside of it. */
function watched(): { value: object; looks: () => number } {
  let looks = 0;
  return { value: { get inside() { return ++looks; } }, looks: () => looks }; // prettier-ignore
}

afterEach(() => {
  vi.useRealTimers();
});

describe('before any class is registered', () => {
  it('values pass through encodeValues untouched, and nobody looks inside', () => {
    const { value, looks } = watched();
    const values = [value, { 'offloop:class': 'x', data: 1 }];
    expect(encodeValues(values)).toEqual({ values, replaced: false });
    expect(encodeValues(values).values).toBe(values);
    expect(looks()).toBeLessThanOrEqual(2); // by the assertions
  });
});

describe('move', () => {
  it.each<[string, () => ArrayBuffer | ArrayBufferView]>([
    ['an ArrayBuffer', () => new ArrayBuffer(8)],
    ['a typed array', () => new Float64Array(4)],
    ['a DataView', () => new DataView(new ArrayBuffer(3))],
    ['a Buffer of its own memory', () => Buffer.alloc(100, 1)],
    ['a buffer of whole pages', () => new Uint8Array(65_536)],
  ])('hands over %s, and leaves it empty here', (_what, make) => {
    const value = make();
    const size = value.byteLength;
    expect(move(value)).toBe(value);
    expect(isEmpty(value)).toBe(false);
    const [there] = send(value);
    expect(there.byteLength).toBe(size);
    expect(isEmpty(value)).toBe(true);
  });

  it('is needed: without it a buffer is copied', () => {
    const value = u8(1, 2);
    expect(send(value)[0]).toEqual(value);
    expect(isEmpty(value)).toBe(false);
  });

  it.each([1, 'x', 1n, true, null, undefined, Symbol('s')])('lets the primitive %o through', (value) => {
    expect(move(value)).toBe(value);
    expect(collectTransfer([value])).toHaveLength(0);
  });

  it('hands over ports, streams and file handles', async () => {
    const { port1, port2 } = new MessageChannel();
    const file = await fs.open(new URL(import.meta.url));
    const controller = transferableAbortController();
    const values = [port1, new ReadableStream(), new WritableStream(), new TransformStream(), file, controller.signal];
    const there = send(...values.map((value) => move(value)));
    expect(there[0]).toBeInstanceOf(MessagePort);
    there[0].postMessage('through');
    expect(receiveMessageOnPort(port2)?.message).toBe('through');
    expect(there.slice(1, 4).map((s: object) => s.constructor.name)).toEqual(['ReadableStream', 'WritableStream', 'TransformStream']);
    expect(there[4].fd).toBeGreaterThan(0);
    expect(there[5]).toBeInstanceOf(AbortSignal);
    await there[4].close();
    there[0].close();
  });

  it('copies a view of a part of its memory, because the rest is not its own', () => {
    const whole = u8(1, 2, 3, 4);
    const small = Buffer.from('pooled');
    const shared = new Uint8Array(new SharedArrayBuffer(4));
    const page = new Uint8Array(new (globalThis as Loose).WebAssembly.Memory({ initial: 1 }).buffer as ArrayBuffer);
    for (const value of [whole.subarray(1, 3), small, shared, shared.buffer, page]) {
      expect(move(value)).toBe(value);
      expect(send(value)[0].byteLength).toBe(value.byteLength);
      expect(value.byteLength).toBeGreaterThan(0);
    }
    expect([isEmpty(whole), small.toString()]).toEqual([false, 'pooled']);
    class Holder {
      small = small;
    }
    const holder = new Holder();
    expect(move(holder)).toBe(holder);
  });

  it('collects what lists, records, maps, sets and instances hold', () => {
    class Image {
      pixels = u8(1);
    }
    const [a, b, c, d] = [u8(1), u8(2), u8(3), u8(4)];
    const tree = { list: [a, { b }], map: new Map([[c, new Set([d])]]), image: new Image(), again: a, self: null as unknown };
    tree.self = tree;
    const [there] = send(move(tree));
    expect(there.list[0]).toEqual(u8(1));
    expect(there.again).toBe(there.list[0]);
    for (const view of [a, b, c, d, tree.image.pixels]) expect(isEmpty(view)).toBe(true);
  });

  it('finds marks however deep they are, and hands over one memory once', () => {
    const [a, b] = [u8(1), u8(2)];
    const [, there] = send(1, { x: [new Map([['k', { a: move(a) }]])], same: [move(a), move(a.buffer)], b });
    expect(there.x[0].get('k').a).toEqual(u8(1));
    expect([isEmpty(a), isEmpty(b)]).toEqual([true, false]);
  });

  it('of a buffer counts for every view of it', () => {
    const a = u8(1, 2, 3);
    move(a.buffer);
    expect(send({ head: a.subarray(0, 1), a })[0].head).toEqual(u8(1));
    expect(isEmpty(a)).toBe(true);
  });

  it('with a list hands over exactly that list', () => {
    const [a, b] = [u8(1), u8(2)];
    const [there] = send(move({ a, b }, [a.buffer, a.buffer]));
    expect(there).toEqual({ a: u8(1), b: u8(2) });
    expect([isEmpty(a), isEmpty(b)]).toEqual([true, false]);
    const kept = u8(1);
    send(move({ kept }, []));
    expect(isEmpty(kept)).toBe(false);
  });

  it('names the item of the list that cannot be handed over', () => {
    const good = new ArrayBuffer(8);
    for (const bad of [{}, u8(1), 5, null, new SharedArrayBuffer(1), () => 1, 'x', new Date(), [good], new EventEmitter()])
      expect(() => move({ a: 1 }, [good, bad])).toThrow(/^Expected transfer\[1\] to be an ArrayBuffer .*got /);
    structuredClone(good, { transfer: [good] });
    expect(() => move({ a: 1 }, [good])).toThrow(/^Expected transfer\[0\]/);
    expect(() => move({}, 'x' as never)).toThrow("Expected transfer to be an array, got 'x' (string)");
    expect(() => move({}, [, new ArrayBuffer(1)] as never)).toThrow('transfer[0]'); // eslint-disable-line no-sparse-arrays
    expect(() => move(5, [new ArrayBuffer(1)])).toThrow('Expected value to be an object that holds what is in transfer, got 5 (number)');
    expect(collectTransfer([good])).toHaveLength(0);
  });

  it('refuses what has nothing to hand over', () => {
    class Empty {
      a = 1;
    }
    for (const bad of [
      () => 1,
      class extends Map {},
      new Date(),
      /x/,
      new Empty(),
      Promise.resolve(),
      new EventEmitter(),
      new URL('http://x'),
      new Proxy({}, {}),
      new Blob([]),
    ]) {
      expect(() => move(bad)).toThrow(expect.objectContaining({ code: 'OFFLOOP_INVALID_ARGUMENT', message: expect.stringMatching(/^Expected value to be something that can be transferred.*, got /) })); // prettier-ignore
    }
  });

  it('takes a list or a record that happens to hold nothing', () => {
    for (const value of [[], {}, { a: 1 }, new Map(), new Set([1])]) expect(move(value)).toBe(value);
  });

  it('counts once: the next call copies', () => {
    const { port1, port2 } = new MessageChannel();
    const value = move({ bytes: u8(1) });
    expect(collectTransfer([value])).toEqual([value.bytes.buffer]);
    const other = move(u8(2)); // keeps the search going
    expect(collectTransfer([value])).toHaveLength(0);
    expect(collectTransfer([other])).toHaveLength(1);
    move(move(port1));
    expect(collectTransfer([port1, port1])).toEqual([port1]);
    expect(collectTransfer([port1])).toHaveLength(0);
    port1.close();
    port2.close();
  });

  it('is safe from throwing getters, proxies and cycles on the way', () => {
    const a = move(u8(1));
    const hostile: Loose = { get x(): never { throw new Error('x'); }, proxy: new Proxy([], { get: () => { throw new Error('p'); } }) }; // prettier-ignore
    hostile.self = hostile;
    expect(collectTransfer([hostile, { a }])).toEqual([a.buffer]);
    const bytes = u8(2);
    expect(collectTransfer([move({ hostile, bytes })])).toEqual([bytes.buffer]);
  });

  it('works from a real worker, and back', async () => {
    const echo = `require('node:worker_threads').parentPort.on('message', (m) => require('node:worker_threads').parentPort.postMessage(m, [m[0].bytes.buffer]))`;
    const worker = new Worker(echo, { eval: true, execArgv: [] });
    const bytes = new Uint8Array(1_000_000).fill(7);
    const args = [{ bytes: move(bytes) }];
    worker.postMessage(args, collectTransfer(args));
    expect(isEmpty(bytes)).toBe(true);
    const [[there]] = (await once(worker, 'message')) as [Loose];
    expect(there.bytes.length).toBe(1_000_000);
    await worker.terminate();
  });
});

/** A module without open marks. */
async function fresh(): Promise<typeof import('../../src/wire/transfer.ts')> {
  vi.resetModules();
  return await import('../../src/wire/transfer.ts');
}

describe('collectTransfer', () => {
  it('does not look inside of anything while no mark is open', async () => {
    const { collectTransfer } = await fresh();
    const { value, looks } = watched();
    collectTransfer([value, [value]]);
    expect(looks()).toBe(0);
    const list = collectTransfer([1, 'x']);
    expect(list).toHaveLength(0);
    expect(collectTransfer([{}])).toBe(list);
  });

  it('finds a mark after any number of other calls', async () => {
    const { collectTransfer, move } = await fresh();
    const bytes = u8(1);
    const late = { bytes: move(bytes) };
    for (let i = 0; i < 100_000; i++) collectTransfer([i, { i }]);
    expect(collectTransfer([late])).toEqual([bytes.buffer]);
  });

  it('stops looking once every mark is found', async () => {
    const { collectTransfer, move } = await fresh();
    const { value, looks } = watched();
    const bytes = move(u8(2));
    expect(collectTransfer([{ value }, { deep: { bytes } }])).toEqual([bytes.buffer]);
    expect(looks()).toBe(0);
  });

  it('stops looking inside for marks that were never sent and are garbage now', async () => {
    const { collectTransfer, move } = await fresh();
    v8.setFlagsFromString('--expose-gc');
    const gc = vm.runInNewContext('gc') as () => void;
    const { value, looks } = watched();
    (() => {
      const { port1 } = new MessageChannel();
      port1.close();
      move({ port1 });
      move(new Uint8Array(1_000));
    })();
    const isQuiet = async (): Promise<boolean> => {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 10)); // finalisers run in a turn of their own
      const before = looks();
      collectTransfer([value]);
      return looks() === before;
    };
    expect(looks()).toBe(0);
    collectTransfer([value]);
    expect(looks()).toBe(1);
    await vi.waitFor(async () => expect(await isQuiet()).toBe(true), { timeout: 10_000 });
    const seen = looks();
    for (let i = 0; i < 1_000; i++) collectTransfer([value]);
    expect(looks()).toBe(seen);
  });

  it('gives up looking inside for a buffer that was not sent for a minute, and still finds it as an argument', async () => {
    const { collectTransfer, move } = await fresh();
    vi.useFakeTimers({ toFake: ['performance'] });
    const { value, looks } = watched();
    const stale = move(u8(1));
    collectTransfer([value]);
    expect(looks()).toBe(1);
    vi.advanceTimersByTime(60_001);
    for (let i = 0; i < 1_000; i++) collectTransfer([value, { stale }]);
    expect(looks()).toBe(1);
    expect(collectTransfer([stale])).toEqual([stale.buffer]);
  });

  it('keeps looking for what can only be moved', async () => {
    const { collectTransfer, move } = await fresh();
    vi.useFakeTimers({ toFake: ['performance'] });
    const { port1, port2 } = new MessageChannel();
    move(port1);
    vi.advanceTimersByTime(3_600_000);
    expect(collectTransfer([{ deep: [port1] }])).toEqual([port1]);
    port1.close();
    port2.close();
  });
});

class Money {
  currency = 'EUR';
  next: unknown = undefined;
  #cents: number;
  constructor(cents: number) {
    this.#cents = cents;
  }
  get cents(): number {
    return this.#cents;
  }
}
class Point {
  x: unknown = 1;
  norm(): string {
    return `|${String(this.x)}|`;
  }
}
class Tags extends Set<string> {}
class Failure extends RangeError {
  info: unknown = undefined;
}

describe('instances of registered classes', () => {
  it('travel as instances, with or without codec, however nested', () => {
    registerClass('t/Point', Point);
    registerClass('t/Tags', Tags);
    registerClass('t/Failure', Failure);
    registerClass('t/Money', Money, { encode: (m) => ({ c: (m as Money).cents }), decode: (d) => new Money((d as { c: number }).c) });
    const point = new Point();
    point.x = [new Money(2)];
    const [a, b] = send(point, { list: [1, new Money(5), { p: new Map([[new Point(), new Set([new Money(7)])]]) }] });
    expect(a).toBeInstanceOf(Point);
    expect(a.x[0]).toBeInstanceOf(Money);
    expect([a.x[0].cents, b.list[0], b.list[1].cents]).toEqual([2, 1, 5]);
    const [[key, set]] = [...b.list[2].p] as Loose;
    expect(key.norm()).toBe('|1|');
    expect([...set][0].cents).toBe(7);
  });

  it('that are errors keep class, stack, cause and fields', () => {
    const failure = Object.assign(new Failure('f', { cause: new TypeError('t') }), { info: new Money(3) });
    const [back] = send({ failure });
    expect(back.failure).toBeInstanceOf(Failure);
    expect([back.failure.stack, back.failure.info.cents, back.failure.cause instanceof TypeError]).toEqual([failure.stack, 3, true]);
  });

  it('of a class that extends a collection keep what they collect', () => {
    const [tags] = send(new Tags(['a', 'b']));
    expect(tags).toBeInstanceOf(Tags);
    expect([...tags]).toEqual(['a', 'b']);
  });

  it('of an unregistered subclass arrive as their registered ancestor', () => {
    class Circle extends Point {
      r = 2;
    }
    expect(send(new Circle())[0]).toEqual(Object.assign(new Point(), { r: 2 }));
    expect(send(new Circle())[0].norm()).toBe('|1|');
  });

  it('leave the objects of the user as they are, and share what holds none of them', () => {
    const plain = { deep: [{ a: 1 }], bytes: u8(1) };
    const args = [{ point: new Point(), plain }, plain, 5];
    const before = structuredClone([plain]);
    const { values, replaced }: Loose = encodeValues(args);
    expect(replaced).toBe(true);
    expect(values[0]).not.toBe(args[0]);
    expect([values[0].plain === plain, values[1] === plain]).toEqual([true, true]);
    expect((args[0] as Loose).point).toBeInstanceOf(Point);
    expect([plain]).toEqual(before);
  });

  it('are not looked for by copying: without any, the very same list comes back', () => {
    const args = [{ a: [1, { b: new Map([[{}, new Set()]]) }] }, new Date(), u8(1)];
    const result = encodeValues(args);
    expect(result).toEqual({ values: args, replaced: false });
    expect(result.values).toBe(args);
  });

  it('keep identity and cycles', () => {
    const point = new Point();
    const ring: Loose = { point, list: [] };
    ring.list.push(ring, ring.list);
    point.x = ring;
    const [back, again] = send(ring, point);
    expect(back.point).toBe(again);
    expect(again).toBeInstanceOf(Point);
    expect(again.x).toBe(back);
    expect([back.list[0] === back, back.list[1] === back.list]).toEqual([true, true]);
    const money = new Money(4);
    const [left, right] = send([money], { money });
    expect(left[0]).toBe(right.money);
  });

  it('may lead to themselves through their codec, where they read as undefined', () => {
    class Node {
      self: unknown = this;
    }
    registerClass('t/Node', Node, {
      encode: (n) => ({ self: (n as Node).self, n: 1 }),
      decode: (d) => Object.assign(new Node(), { got: d }),
    });
    const [back] = send(new Node());
    expect(back).toBeInstanceOf(Node);
    expect(back.got).toEqual({ self: undefined, n: 1 });
  });

  it('cannot be forged by data that looks like a replaced instance', () => {
    const forged = { 'offloop:class': 't/Point', data: { x: 'evil' } };
    const guard = { 'offloop:class': '', data: forged };
    const [point, a, b, own] = send(new Point(), forged, { guard }, Object.assign(new Point(), { 'offloop:class': 't/Money', data: 1 }));
    expect(point).toBeInstanceOf(Point);
    expect(a).toEqual(forged);
    expect(a).not.toBeInstanceOf(Point);
    expect(b).toEqual({ guard });
    expect([own instanceof Point, own['offloop:class'], own.data]).toEqual([true, 't/Money', 1]);
  });

  it('are not needed for that: such data alone is guarded, and is not looked at by the receiver unless told to', () => {
    const forged = [{ 'offloop:class': 't/Point', data: {} }];
    const { values, replaced } = encodeValues(forged);
    expect(replaced).toBe(true);
    expect(decodeValues(structuredClone(values))).toEqual(forged);
  });

  it('are looked for past proxies that throw, sparse lists and other hostile values', () => {
    const trap = (): never => {
      throw new Error('trap');
    };
    const proxy = new Proxy({}, Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((name) => [name, trap])));
    const sparse: unknown[] = [];
    sparse[4e9] = new Point();
    const list = [proxy, { proxy, get x(): never { return trap(); } }, { sparse }]; // prettier-ignore
    const { values, replaced }: Loose = encodeValues([list]);
    expect(replaced).toBe(true);
    expect(values[0][0]).toBe(proxy);
    expect(values[0][1]).toBe(list[1]);
    expect(values[0][2].sparse[4e9]['offloop:class']).toBe('t/Point');
    expect(collectTransfer([move(u8(1)), list])).toHaveLength(1);
  });

  it('cannot change prototypes by a key', () => {
    const holder = Object.defineProperty({ p: new Point() }, '__proto__', { value: { polluted: new Point() }, enumerable: true }) as Loose;
    const [back] = send(holder);
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect(Object.getOwnPropertyDescriptor(back, '__proto__')?.value.polluted).toBeInstanceOf(Point);
    expect(back.polluted).toBeUndefined();
  });

  it('do not run setters of their class when they arrive', () => {
    const ran = vi.fn<(v: unknown) => void>();
    class Guarded {
      set level(v: unknown) {
        ran(v);
      }
    }
    registerClass('t/Guarded', Guarded);
    const value = Object.defineProperty(new Guarded(), 'level', { value: 3, enumerable: true });
    expect(Object.getOwnPropertyDescriptor(send(value)[0], 'level')?.value).toBe(3);
    expect(ran).not.toHaveBeenCalled();
  });

  it('may be moved: the memory in them, or in what their codec makes, is handed over', () => {
    class Picture {
      bytes = u8(1, 2);
    }
    class Lazy {
      bytes = u8(3);
    }
    registerClass('t/Picture', Picture);
    registerClass('t/Lazy', Lazy, {
      encode: (l) => move({ b: (l as Lazy).bytes }),
      decode: (d) => Object.assign(new Lazy(), { bytes: (d as Loose).b }),
    });
    const [picture, nested, lazy] = [new Picture(), new Picture(), new Lazy()];
    const back = send(move(picture), { list: [move(nested)] }, lazy);
    expect(back[0].bytes).toEqual(u8(1, 2));
    expect(back[2].bytes).toEqual(u8(3));
    for (const sent of [picture, nested, lazy]) expect(isEmpty(sent.bytes)).toBe(true);
  });

  it('may be collected from the originals as well as from what they were replaced by, once', async () => {
    const { collectTransfer, encodeValues, move } = await fresh();
    const [point, other] = [Object.assign(new Point(), { x: u8(1) }), Object.assign(new Point(), { x: u8(2) })];
    const { values } = encodeValues([move(point), move([other])]);
    expect(collectTransfer([point])).toEqual([point.x.buffer]);
    expect(collectTransfer([values[1]])).toEqual([other.x.buffer]);
    expect(collectTransfer([...values, point, [other]])).toHaveLength(0);
    const { value, looks } = watched();
    collectTransfer([value]);
    expect(looks()).toBe(0);
  });

  it('can be Buffers, when a codec is registered for them', () => {
    registerClass('t/Buffer', Buffer, {
      encode: (b) => Uint8Array.from(b as Buffer),
      decode: (d) => Buffer.from(d as Uint8Array),
    });
    const [back] = send({ b: Buffer.from('hi') });
    expect([Buffer.isBuffer(back.b), back.b.toString()]).toEqual([true, 'hi']);
  });

  it('keep holes in the lists around them', () => {
    const sparse: unknown[] = [];
    sparse[5] = new Point();
    const [back] = send(sparse);
    expect([back.length, 0 in back, back[5] instanceof Point]).toEqual([6, false, true]);
  });

  it('that this side does not know are an error that names the class', () => {
    const { values } = encodeValues([new Point()]);
    const message = JSON.parse(JSON.stringify(values).replace('t/Point', 't/Unknown')) as unknown[];
    expect(() => decodeValues(message)).toThrow(InvalidStateError);
    expect(() => decodeValues(message)).toThrow(/class "t\/Unknown" arrived where that class is not registered.*registerClass/);
  });

  it('whose codec fails are an error that names the class and keeps the reason', () => {
    class Bad {
      a = 1;
    }
    const reason = new Error('reason');
    let fails = true;
    const codec = (): Bad => {
      if (fails) throw reason;
      return { a: 2 };
    };
    registerClass('t/Bad', Bad, { encode: codec, decode: () => { throw reason; } }); // prettier-ignore
    const failed = (verb: string): Loose => expect.objectContaining({ code: 'OFFLOOP_CODEC_FAILED', cause: reason, message: expect.stringContaining(`"t/Bad", …) failed to ${verb}`) }); // prettier-ignore
    expect(() => encodeValues([[new Bad()]])).toThrow(failed('encode'));
    fails = false;
    expect(() => send([new Bad()])).toThrow(failed('decode'));
  });

  it('arrive equal in any data', () => {
    const few = { maxLength: 4 };
    const leaf = fc.oneof(
      fc.anything({ withDate: true, withTypedArray: true, withSparseArray: true, withNullPrototype: true }),
      fc.integer().map((n) => new Money(n)),
      fc.constant('offloop:class'),
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        tie('tree').map((x) => Object.assign(new Point(), { x })),
        fc.array(tie('tree'), few),
        fc.dictionary(fc.oneof(fc.string(), fc.constant('offloop:class'), fc.constant('data')), tie('tree'), { maxKeys: 4 }),
        fc.array(fc.tuple(tie('tree'), tie('tree')), few).map((entries) => new Map(entries)),
        fc.array(tie('tree'), few).map((items) => new Set(items)),
      ),
    }));
    const flatten = (value: unknown): unknown => {
      if (value instanceof Money) return { money: value.cents };
      if (value instanceof Point) return { point: flatten(value.x) };
      if (value instanceof Map) return new Map([...value].map(([k, v]) => [flatten(k), flatten(v)]));
      if (value instanceof Set) return new Set([...value].map(flatten));
      if (Array.isArray(value)) return value.map(flatten);
      const plain = typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !(value instanceof Date);
      return plain ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, flatten(v)])) : value;
    };
    fc.assert(
      fc.property(tree, (value) => {
        expect(flatten(send(value)[0])).toEqual(flatten(value));
      }),
      { numRuns: 300 },
    );
  });
});
