import * as fc from 'fast-check';
import * as fs from 'node:fs';
import * as net from 'node:net';
import { inspect, types } from 'node:util';
import * as v8 from 'node:v8';
import * as vm from 'node:vm';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import * as ours from '../../src/base/errors.ts';
import { registerClass } from '../../src/wire/class-registry.ts';
import { decodeThrown, encodeThrown, SUBMITTED_HERE, type Encoded } from '../../src/wire/error-codec.ts';

/** The tests read fields that nobody declared. */
type Loose = ReturnType<typeof JSON.parse>;

/** Over a real thread boundary's serialiser, and the one of child processes beside it. */
function trip(thrown: unknown, callSite?: string): unknown {
  const encoded = encodeThrown(thrown);
  const byProcess = v8.deserialize(v8.serialize(encoded)) as Encoded;
  expect(inspect(decodeThrown(byProcess))).toBe(inspect(decodeThrown(structuredClone(encoded))));
  return decodeThrown(structuredClone(encoded), callSite);
}

const tripError = (thrown: unknown, callSite?: string): Loose => {
  const error = trip(thrown, callSite);
  expect(error).toBeInstanceOf(Error);
  return error;
};

function thrownBy(fn: () => unknown): Loose {
  try {
    fn();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

class HttpError extends TypeError {
  status: number;
  constructor(message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HttpError';
    this.status = status;
  }
}

describe('an error', () => {
  it('keeps own properties, code and cause', () => {
    const error = Object.assign(new HttpError('gone', 410, { cause: new RangeError('inner') }), { code: 'E_GONE', tags: ['a', { b: 1n }] });
    const back = tripError(error);
    expect(back).toMatchObject({ message: 'gone', status: 410, code: 'E_GONE', tags: ['a', { b: 1n }] });
    expect(back.cause).toBeInstanceOf(RangeError);
    expect(back.cause.message).toBe('inner');
  });

  it('is a native error with the descriptors of one', () => {
    const back = tripError(new HttpError('gone', 410, { cause: 1 }));
    expect(types.isNativeError(back)).toBe(true);
    expect(Object.keys(back).toSorted()).toEqual(['name', 'status']);
    for (const key of ['message', 'stack', 'cause'])
      expect([key, Object.getOwnPropertyDescriptor(back, key)?.enumerable]).toEqual([key, false]);
  });

  it('keeps its stack, and gets the lines of the call site behind it', () => {
    const error = new Error('boom');
    const back = tripError(error, 'Error\n    at submit (file:///app/main.ts:10:5)\nnot a frame\n    at async file:///app/main.ts:20:1');
    expect(back.stack).toBe(
      `${error.stack}\n${SUBMITTED_HERE}\n    at submit (file:///app/main.ts:10:5)\n    at async file:///app/main.ts:20:1`,
    );
    expect(tripError(error).stack).toBe(error.stack);
    expect(tripError(error, '').stack).toBe(error.stack);
  });

  it('has a stack whose marker line is a frame in the form of V8', () => {
    // The expressions of error-stack-parser and stacktrace-parser for lines of V8.
    expect(SUBMITTED_HERE).toMatch(/^\s*at (.*?) ?\(((?:file|<anonymous>|\/).*?)(?::(\d+))?(?::(\d+))?\)?\s*$/);
    expect(SUBMITTED_HERE).not.toMatch(/:\d+/);
  });

  it('prints as it would have printed where it was thrown', () => {
    const error = Object.assign(new HttpError('gone', 410, { cause: new Error('inner') }), {
      code: 'E_GONE',
      list: [new TypeError('in list')],
    });
    expect(inspect(trip(error))).toBe(inspect(error));
    const group = new ours.TaskGroupError([new Error('a'), 'b'], 'two');
    expect(inspect(trip(group))).toBe(inspect(group));
  });

  it('of Node keeps errno, syscall, path and code', () => {
    const error = thrownBy(() => fs.readFileSync('/does/not/exist'));
    expect({ ...tripError(error) }).toEqual({ errno: error.errno, code: 'ENOENT', syscall: 'open', path: '/does/not/exist' });
    const invalid = tripError(thrownBy(() => Buffer.from(5 as never)));
    expect(invalid).toBeInstanceOf(TypeError);
    expect(invalid).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
  });

  it.each([Error, TypeError, RangeError, SyntaxError, EvalError, URIError, ReferenceError])('of the built-in class %o stays one', (cls) => {
    const back = tripError(new cls('m'));
    expect(Object.getPrototypeOf(back)).toBe(cls.prototype);
    expect(Object.keys(back)).toEqual([]);
    expect(Object.hasOwn(back, 'name')).toBe(false);
  });

  it('of WebAssembly stays what it is', () => {
    const wasm = (globalThis as Loose).WebAssembly;
    expect(tripError(thrownBy(() => new wasm.Module(new Uint8Array([1, 2, 3]))))).toBeInstanceOf(wasm.CompileError);
  });

  it('that is a DOMException stays one, with name and legacy code', () => {
    for (const error of [new DOMException('stop', 'AbortError'), thrownBy(() => structuredClone(() => 1))]) {
      const back = tripError(error);
      expect(back).toBeInstanceOf(DOMException);
      expect([back.name, back.code, back.message]).toEqual([error.name, error.code, error.message]);
      expect([Object.keys(back), Object.hasOwn(back, 'code')]).toEqual([[], false]);
    }
  });

  it('that aggregates keeps its errors, not enumerable', () => {
    const back = tripError(new AggregateError([new TypeError('a'), 'b', new AggregateError([new RangeError('c')])], 'all'));
    expect(Object.getPrototypeOf(back)).toBe(AggregateError.prototype);
    expect(back.errors[0]).toBeInstanceOf(TypeError);
    expect(back.errors[1]).toBe('b');
    expect(back.errors[2].errors[0]).toBeInstanceOf(RangeError);
    expect(Object.keys(back)).toEqual([]);
  });

  it.runIf('SuppressedError' in globalThis)('that suppresses another keeps both', () => {
    const { SuppressedError } = globalThis as Loose;
    const back = tripError(new SuppressedError(new TypeError('new'), new RangeError('old'), 'm'));
    expect(back).toBeInstanceOf(SuppressedError);
    expect(back.error).toBeInstanceOf(TypeError);
    expect(back.suppressed).toBeInstanceOf(RangeError);
  });

  it('from another realm is an error of this one', () => {
    const back = tripError(
      vm.runInNewContext('class Foo extends TypeError {}; Object.assign(new Foo("far"), { data: { x: [1] }, sub: new RangeError("in") })'),
    );
    expect(back).toBeInstanceOf(TypeError);
    expect(back.constructor.name).toBe('Foo');
    expect(back.data).toEqual({ x: [1] });
    expect(back.sub).toBeInstanceOf(RangeError);
  });

  it('of an unknown class is an instance of its nearest known ancestor, under its own name', () => {
    class Mid extends RangeError {}
    class Leaf extends Mid {}
    const back = tripError(new Leaf('deep'));
    expect(back).toBeInstanceOf(RangeError);
    expect(back.constructor.name).toBe('Leaf');
    expect(back.name).toBe('RangeError');
    expect(tripError(new Leaf('again')).constructor).toBe(back.constructor);
    class Ours extends ours.TimeoutError {}
    expect(tripError(new Ours('t', 1))).toBeInstanceOf(ours.TimeoutError);
  });

  it('is the same after a second hop', () => {
    class Leaf extends RangeError {
      extra = [new HttpError('in', 1)];
    }
    const once = trip(Object.assign(new Leaf('deep', { cause: 'c' }), { code: 'E' }));
    expect(inspect(trip(once))).toBe(inspect(once));
    expect(tripError(once)).toBeInstanceOf(RangeError);
    expect(tripError(once, '    at b (b.js:1:1)').stack).toMatch(/at b \(b\.js:1:1\)$/);
  });

  it('keeps a name that was set by assignment, on the prototype, or to something odd', () => {
    class ByPrototype extends Error {}
    Object.defineProperty(ByPrototype.prototype, 'name', { value: 'FromPrototype' });
    expect(tripError(new ByPrototype('x')).name).toBe('FromPrototype');
    const assigned = tripError(Object.assign(new Error('x'), { name: 'Assigned' }));
    expect([assigned.name, Object.keys(assigned)]).toEqual(['Assigned', ['name']]);
    expect(tripError(Object.assign(new Error('x'), { name: '' })).name).toBe('');
    expect(inspect(tripError(Object.assign(new Error('x'), { name: 42 })).name)).toContain('42');
  });

  it('nested in properties, lists, maps and sets stays an error', () => {
    const inner = new TypeError('in');
    const back = tripError(Object.assign(new Error('out'), { a: { b: [inner] }, m: new Map<unknown, unknown>([['k', inner], [inner, 1]]), s: new Set([inner]) })); // prettier-ignore
    expect(back.a.b[0]).toBeInstanceOf(TypeError);
    expect(back.m.get('k')).toBe(back.a.b[0]);
    expect(back.m.get(back.a.b[0])).toBe(1);
    expect(back.s.has(back.a.b[0])).toBe(true);
  });

  it('tells through toJSON what it keeps in private fields', () => {
    class Private extends Error {
      #detail = { rows: [1, 2], why: new RangeError('r') };
      shown = 1;
      toJSON() {
        return { name: 'no', message: 'no', stack: 'no', shown: 'no', detail: this.#detail, absent: undefined };
      }
    }
    const back = tripError(new Private('yes'));
    expect([back.name, back.message, back.shown, back.detail.rows]).toEqual(['Error', 'yes', 1, [1, 2]]);
    expect(back.detail.why).toBeInstanceOf(RangeError);
    expect('absent' in back).toBe(false);
    class Odd extends Error {
      toJSON(): never {
        throw new Error('no json');
      }
    }
    expect(tripError(new Odd('still')).message).toBe('still');
  });

  it('shows as text what cannot be sent, and loses nothing beside it', () => {
    class Live {
      socket = new net.Socket();
    }
    const fields = {
      fn: function foo() {},
      symbol: Symbol('s'),
      socket: new net.Socket(),
      live: new Live(),
      promise: Promise.resolve(1),
      weak: new WeakMap(),
    };
    const back = tripError(Object.assign(new Error('m'), fields, { fine: 1, url: new URL('http://a/b') }));
    expect(back).toMatchObject({ fn: '[Function: foo]', symbol: 'Symbol(s)', url: 'http://a/b', fine: 1 });
    expect(back.socket).toMatch(/^Socket \{/);
    expect(back.live).toMatch(/^Live \{/);
    expect(back.promise).toMatch(/Promise/);
    expect(back.weak).toMatch(/WeakMap/);
  });

  it('takes of a buffer only the bytes it shows', () => {
    const view = new Float64Array([1, 2, 3]).subarray(1, 2);
    const detached = new ArrayBuffer(8);
    structuredClone(detached, { transfer: [detached] });
    const encoded = encodeThrown(
      Object.assign(new Error('m'), { small: Buffer.from('hi'), view, dataView: new DataView(new ArrayBuffer(4), 1, 2), detached }),
    );
    const back = decodeThrown(structuredClone(encoded)) as Loose;
    expect(back.small.buffer.byteLength).toBe(2);
    expect(Buffer.from(back.small).toString()).toBe('hi');
    expect(back.view).toEqual(new Float64Array([2]));
    expect(back.dataView.byteLength).toBe(2);
    expect(typeof back.detached).toBe('string');
  });

  it('can still be printed when it carried functions named like methods', () => {
    const back = tripError(Object.assign(new Error('m'), { toString: () => 'mine', valueOf: () => 1, constructor: 5 }));
    expect(String(back)).toBe('Error: m');
    expect(back.constructor).toBe(5);
  });

  it('does not take a method for a property', () => {
    class VError extends Error {}
    Object.defineProperty(VError.prototype, 'cause', { value: () => 'method' });
    expect(Object.hasOwn(tripError(new VError('x')), 'cause')).toBe(false);
    class ByGetter extends Error {
      get code() {
        return 'E_GETTER';
      }
    }
    expect(tripError(new ByGetter('x')).code).toBe('E_GETTER');
  });
});

describe('an error of offloop', () => {
  const samples: Error[] = [
    new ours.CancelledError({ source: 'deadline', by: 'task', reason: new RangeError('why') }),
    new ours.TimeoutError('t', 5),
    new ours.InvalidStateError('i'),
    new ours.QueueFull(),
    new ours.WorkerDiedError('w', { job: 'j', why: 'exit', exitCode: 3 }),
    new ours.NotCloneableError('n', 'args[0]'),
    new ours.FreeVariableError('f', ['a']),
    new ours.TaskGroupError([new Error('a')]),
  ];

  it.each(samples)('comes back as a real $name with its fields', (error: Loose) => {
    const back = tripError(error);
    expect(back.constructor).toBe(error.constructor);
    expect(back).toBeInstanceOf(error.constructor);
    expect(Object.keys(back).toSorted()).toEqual(Object.keys(error).toSorted());
    expect([back.name, back.code, back.message]).toEqual([error.name, error.code, error.message]);
  });

  it('that is a task group error still splits', () => {
    const back = tripError(new ours.TaskGroupError([new Error('a'), new ours.TaskGroupError([new TypeError('b')])]));
    const [matching, rest] = back.split(TypeError);
    expect(matching.leaves().map((e: Error) => e.message)).toEqual(['b']);
    expect(rest.leaves().map((e: Error) => e.message)).toEqual(['a']);
  });

  it('keeps reason and cause of a cancellation one object', () => {
    const back = tripError(samples[0]);
    expect(back.reason).toBeInstanceOf(RangeError);
    expect(back.cause).toBe(back.reason);
  });

  it('is not confused with a class of the user that has the same name', () => {
    class TimeoutError extends Error {}
    const back = tripError(new TimeoutError('mine'));
    expect(back).not.toBeInstanceOf(ours.TimeoutError);
    expect(back.constructor.name).toBe('TimeoutError');
  });
});

describe('an error of a registered class', () => {
  class Plain extends Error {
    extra = [1];
  }
  class WithCodec extends Error {
    #secret: string;
    constructor(message: string, secret: string) {
      super(message);
      this.#secret = secret;
    }
    token = 'do not send';
    get secret() {
      return this.#secret;
    }
    static codec = {
      encode: (e: object) => ({ message: (e as WithCodec).message, secret: (e as WithCodec).secret, why: (e as WithCodec).cause }),
      decode: (d: Loose) => new WithCodec(d.message, d.secret),
    };
  }
  registerClass('codec-test/Plain', Plain);
  registerClass('codec-test/WithCodec', WithCodec, WithCodec.codec);

  it('comes back as an instance', () => {
    const back = tripError(Object.assign(new Plain('p'), { more: 2 }));
    expect(Object.getPrototypeOf(back)).toBe(Plain.prototype);
    expect(back).toMatchObject({ extra: [1], more: 2 });
  });

  it('goes through its codec, and keeps stack and cause anyway', () => {
    const error = new WithCodec('w', 's');
    error.cause = new RangeError('why');
    const encoded = encodeThrown(error);
    expect(inspect(encoded, { depth: 9 })).not.toContain('do not send');
    const back = decodeThrown(structuredClone(encoded), '    at here (file:///x.js:1:1)') as Loose;
    expect(back).toBeInstanceOf(WithCodec);
    expect(back.secret).toBe('s');
    expect(back.cause).toBeInstanceOf(RangeError);
    expect(back.stack).toBe(`${error.stack}\n${SUBMITTED_HERE}\n    at here (file:///x.js:1:1)`);
  });

  it('keeps what its codec decided about the cause', () => {
    class Rewritten extends Error {}
    registerClass('codec-test/Rewritten', Rewritten, { encode: () => 0, decode: () => new Rewritten('r', { cause: 'by codec' }) });
    expect(tripError(new Rewritten('o', { cause: 'original' }))).toMatchObject({ message: 'r', cause: 'by codec' });
  });

  it('is the ancestor of a class that is not registered', () => {
    class Below extends Plain {}
    const back = tripError(new Below('b'));
    expect(back).toBeInstanceOf(Plain);
    expect(back.constructor.name).toBe('Below');
  });

  it('survives a codec that throws, on either side', () => {
    class BadEncode extends TypeError {}
    class BadDecode extends RangeError {}
    const fail = (): never => {
      throw new Error('codec');
    };
    registerClass('codec-test/BadEncode', BadEncode, { encode: fail, decode: fail });
    registerClass('codec-test/BadDecode', BadDecode, { encode: () => 1, decode: fail });
    expect(tripError(Object.assign(new BadEncode('m1'), { x: 1 }))).toMatchObject({ message: 'm1', x: 1 });
    const back = tripError(new BadDecode('m2'));
    expect([back instanceof BadDecode, back.message]).toEqual([true, 'm2']);
  });

  it('falls back to its nearest known class where it is not registered', () => {
    const encoded = JSON.parse(JSON.stringify(encodeThrown(new Plain('p'))).replaceAll('codec-test/Plain', 'nobody knows')) as Encoded;
    const back = decodeThrown(encoded) as Loose;
    expect([back instanceof Plain, back instanceof Error, back.constructor.name, back.extra]).toEqual([false, true, 'Plain', [1]]);
  });

  it('may hold instances of registered plain classes', () => {
    class Money {
      cents: number;
      constructor(cents: number) {
        this.cents = cents;
      }
    }
    class Bag extends Map<string, unknown> {}
    registerClass('codec-test/Money', Money);
    registerClass('codec-test/Bag', Bag);
    const back = tripError(Object.assign(new Error('m'), { price: new Money(5), bag: new Bag([['k', new Money(6)]]) }));
    expect(back.price).toBeInstanceOf(Money);
    expect(back.bag).toBeInstanceOf(Bag);
    expect(back.bag.get('k').cents).toBe(6);
  });
});

describe('what is thrown and is no error', () => {
  it.each(['text', 1, Number.NaN, -0, 10n, null, undefined, true])('arrives as thrown: %s', (value) => {
    expect(Object.is(trip(value), value)).toBe(true);
  });

  it('arrives as thrown when it is data, with errors in it still errors', () => {
    const cycle: Loose = { list: [1, new Date(5), /x/g], map: new Map([['k', new Set([1])]]) };
    cycle.self = cycle;
    const back = trip({ ...cycle, cycle }) as Loose;
    expect(back.cycle).toEqual(cycle);
    expect((trip([new TypeError('t')]) as Loose)[0]).toBeInstanceOf(TypeError);
    expect(trip(Object.create(null))).toEqual({});
    const list = trip([, 1]) as Loose; // eslint-disable-line no-sparse-arrays
    expect([0 in list, list.length]).toEqual([false, 2]);
  });

  it.each([
    ['a symbol', Symbol('sym'), 'Symbol(sym)', 'thrown'],
    ['a function', function boom() {}, '[Function: boom]', 'thrown'],
    ['an object with a function', { status: 500, deep: [{ cb() {} }] }, '500', 'thrown.deep[0].cb'],
    ['a proxy', new Proxy({}, {}), '', 'thrown'],
    ['a promise', Promise.resolve(7), '7', 'thrown'],
    ['an object with a throwing getter', { get x(): never { throw new Error('g'); } }, 'x: [Getter]', 'thrown.x'], // prettier-ignore
  ])('is named by a NotCloneableError when it cannot be sent: %s', (_what, value, text, path) => {
    const back = tripError(value);
    expect(back).toBeInstanceOf(ours.NotCloneableError);
    expect(back).toMatchObject({ code: 'OFFLOOP_NOT_CLONEABLE', path });
    expect(back.message).toContain(text);
  });

  it('may hold an error that holds something live', () => {
    const back = trip({ status: 500, why: Object.assign(new Error('w'), { socket: new net.Socket() }) }) as Loose;
    expect(back.status).toBe(500);
    expect(back.why).toBeInstanceOf(Error);
  });
});

describe('a hostile value', () => {
  const trap = (): never => {
    throw new Error('trap');
  };
  const everyTrap = Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((name) => [name, trap])) as ProxyHandler<Loose>;

  it('with cycles through cause, errors and properties arrives with the same cycles', () => {
    const error: Loose = new AggregateError([], 'c');
    Object.assign(error, { self: error, list: [{ error }] });
    error.cause = error;
    error.errors.push(error);
    const back = tripError(error);
    for (const same of [back.cause, back.self, back.errors[0], back.list[0].error]) expect(same).toBe(back);
    expect(inspect(back)).toContain('[Circular *1]');
  });

  it('with ten thousand nested causes is cut off at a hundred, and says so', () => {
    let error = new Error('0');
    for (let i = 1; i < 10_000; i++) error = new Error(String(i), { cause: error });
    let last = tripError(error);
    let depth = 0;
    for (; last.cause instanceof Error; depth++) last = last.cause;
    expect(depth).toBe(100);
    expect(last.cause).toMatch(/cut this off.*Error: 9898/);
  });

  it('with a property of endless size is cut off, in little time', () => {
    const deep: Loose = {};
    for (let i = 0, at = deep; i < 200_000; i++) at = at.next = {};
    const sparse: unknown[] = [];
    sparse[4e9] = 1;
    const wide = Array.from({ length: 2_000 }, () => Array.from({ length: 50 }, () => ({})));
    const start = performance.now();
    const back = tripError(Object.assign(new Error('m'), { deep, sparse, wide }));
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(back.message).toBe('m');
    expect(inspect(back.wide, { depth: 3 })).toContain('');
    expect(inspect(back.wide[1999][49])).toContain('cut this off');
    expect(typeof back.sparse).toBe('string');
  });

  it('with throwing getters arrives with the rest, and says what it threw', () => {
    const error: Loose = new Error('m');
    for (const key of ['stack', 'a', 'name', 'cause', 'errors', 'toJSON'])
      Object.defineProperty(error, key, { get: trap, enumerable: true });
    Object.assign(error, { b: { get x(): never { return trap(); } } }); // prettier-ignore
    const back = tripError(error);
    expect(back.message).toBe('m');
    expect(back.a).toBe('[a getter that threw Error: trap]');
    expect(back.b.x).toContain('trap');
  });

  it('with a stack, message and name that are no strings arrives printable', () => {
    const back = tripError(Object.assign(new Error('m'), { stack: 5, message: Symbol('q'), name: {} }));
    expect(typeof back.stack).toBe('string');
    expect(back.message).toBe('Symbol(q)');
    expect(() => inspect(back)).not.toThrow();
    const noStack: Loose = new Error('m');
    noStack.stack = undefined;
    expect(tripError(noStack).stack).toBe('Error: m');
  });

  it('behind proxies arrives as something', () => {
    const { proxy: revoked, revoke } = Proxy.revocable(new Error('r'), {});
    revoke();
    expect(tripError(new Proxy(new TypeError('p'), {}))).toMatchObject({ message: 'p' });
    for (const value of [
      revoked,
      new Proxy(new Error('t'), everyTrap),
      Object.setPrototypeOf(new Error('chain'), new Proxy({}, everyTrap)),
    ])
      tripError(value);
    const back = tripError(Object.assign(new Error('m'), { inner: new Proxy({ a: 1 }, { get: trap }), revoked }));
    expect(back.inner).toContain('a: 1');
    expect(back.revoked).toContain('Revoked');
    tripError(new Proxy(new Error('half'), { ...everyTrap, getPrototypeOf: () => Error.prototype }));
  });

  it('that is frozen, or no real error but made like one, arrives', () => {
    expect(tripError(Object.freeze(Object.assign(new Error('f'), { x: 1 }))).x).toBe(1);
    expect(tripError(Object.assign(Object.create(RangeError.prototype), { message: 'made' }))).toMatchObject({ message: 'made' });
    expect(tripError(Object.setPrototypeOf(new Error('bare'), null)).message).toBe('bare');
  });

  it('cannot change prototypes by its keys', () => {
    const error = new Error('m');
    for (const target of [error, ((error as Loose).inner = {})])
      Object.defineProperty(target, '__proto__', { value: { polluted: true }, enumerable: true });
    const back = tripError(error);
    expect(Object.getPrototypeOf(back)).toBe(Error.prototype);
    expect(Object.getPrototypeOf(back.inner)).toBe(Object.prototype);
    expect([back.polluted, back.inner.polluted, ({} as Loose).polluted]).toEqual([undefined, undefined, undefined]);
    expect(Object.getOwnPropertyDescriptor(back, '__proto__')?.value).toEqual({ polluted: true });
  });

  it('with classes of many names leaves no more than a bounded number of classes behind', () => {
    const first = tripError(new (class First extends Error {})('x')).constructor;
    for (let i = 0; i < 300; i++) tripError(Object.assign(new ({ [`C${i}`]: class extends Error {} }[`C${i}`] as typeof Error)('x')));
    expect(tripError(new (class First extends Error {})('x')).constructor).not.toBe(first);
  });

  it.each([
    undefined,
    null,
    {},
    'x',
    { root: { ref: 7 }, nodes: [] },
    { root: { ref: 0 }, nodes: [{ kind: 'error' }] },
    { root: { ref: 0 }, nodes: [null] },
  ])('in place of an encoded one (%o) decodes to an error', (encoded) => {
    expect(decodeThrown(encoded as never, '    at x (y:1:1)')).toMatchObject({ code: 'OFFLOOP_UNREADABLE_ERROR' });
  });
});

describe('any thrown value', () => {
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, withNullPrototype: true, withObjectString: true, withBoxedValues: true, withSparseArray: true }); // prettier-ignore
  const live = fc.constantFrom<unknown>(
    Symbol('x'),
    () => 1,
    new WeakSet(),
    new Proxy({}, {}),
    Promise.resolve(),
    new URL('http://x'),
    class A extends Map {},
  );
  type Maker = (message: unknown, cause: unknown) => Error;
  const makers: Maker[] = [
    (message, cause) => Object.assign(new Error('m', { cause }), { message }),
    (message, cause) => new AggregateError([message, cause]),
    (message, cause) => new ours.TaskGroupError([message], 'm', { cause }),
    (message, cause) => Object.assign(new HttpError('m', 1), { name: message, cause }),
    (message) => new DOMException('m', { name: 'AbortError', cause: message }),
  ];
  // Names that an error has already are tried more often than chance would have them.
  const key = fc.oneof(fc.string(), fc.constantFrom('name', 'message', 'cause', 'code', 'errors', 'constructor', 'toString', '__proto__'));
  const withOwn = (made: Error, fields: object): Error => Object.defineProperties(made, Object.getOwnPropertyDescriptors(fields));
  const error = fc.letrec<{ value: unknown; error: Error }>((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, anything, live, tie('error'), fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(fc.string(), tie('value'), { maxKeys: 3 })),
    error: fc
      .tuple(fc.constantFrom(...makers), tie('value'), tie('value'), fc.dictionary(key, tie('value'), { maxKeys: 4 }))
      .map(([make, message, cause, fields]) => withOwn(make(message, cause), fields)),
  })); // prettier-ignore

  it('encodes to cloneable data and decodes again, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(error.error, error.value), (value) => {
        const encoded = encodeThrown(value);
        v8.serialize(encoded);
        const back = decodeThrown(structuredClone(encoded), '    at x (y:1:1)');
        expect(back instanceof Error).toBe(value instanceof Error || back instanceof ours.NotCloneableError);
        expect(() => inspect(back)).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });

  it('that is data arrives equal', () => {
    fc.assert(
      fc.property(anything, (value) => {
        expect(trip(value)).toEqual(structuredClone(value));
      }),
      { numRuns: 300 },
    );
  });

  it('decodes to something, whatever a broken peer sends', () => {
    const slot = fc.oneof(fc.anything(), fc.record({ ref: fc.integer({ min: -1, max: 3 }) }));
    const node = fc.record(
      {
        kind: fc.constantFrom('error', 'data', 'array', 'set', 'map', 'object', 'custom', 'other'),
        slots: fc.oneof(fc.array(slot), fc.anything()),
        keys: fc.oneof(fc.array(fc.constantFrom('__proto__', 'stack', 'cause', 'x', 'toString')), fc.anything()),
        lineage: fc.oneof(fc.array(fc.record({ name: fc.constantFrom('Error', 'X', 'DOMException', '__proto__'), from: fc.constantFrom('builtin', 'user') })), fc.anything()),
        custom: fc.constantFrom('codec-test/BadDecode', 'none', 5),
        name: fc.anything(),
        message: fc.anything(),
        stack: fc.anything(),
      },
      { requiredKeys: ['kind'] },
    ); // prettier-ignore
    fc.assert(
      fc.property(fc.oneof(fc.record({ root: slot, nodes: fc.array(node, { maxLength: 4 }) }), fc.anything()), (encoded) => {
        decodeThrown(encoded as Encoded, '    at x (y:1:1)');
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('arrives from a real worker', async () => {
    const code = `
      const { parentPort, workerData } = require('node:worker_threads');
      import('tsx/esm/api').then(({ register }) => register()).then(() => import(workerData)).then(({ encodeThrown }) => {
        class ParseError extends SyntaxError { line = 7 }
        try { throw new ParseError('bad', { cause: new AggregateError([new RangeError('r')], 'agg') }) }
        catch (error) { parentPort.postMessage(encodeThrown(error)) }
      })`;
    const worker = new Worker(code, {
      eval: true,
      workerData: new URL('../../src/wire/error-codec.ts', import.meta.url).href,
      execArgv: [],
    });
    const [encoded] = (await once(worker, 'message')) as [Encoded];
    await worker.terminate();
    const back = decodeThrown(encoded) as Loose;
    expect(back).toBeInstanceOf(SyntaxError);
    expect([back.constructor.name, back.line, back.cause.errors[0] instanceof RangeError]).toEqual(['ParseError', 7, true]);
    expect(back.stack).toContain('[worker eval]');
  });
});
