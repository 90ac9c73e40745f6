import { EventEmitter } from 'node:events';
import * as net from 'node:net';
import * as vm from 'node:vm';
import { MessageChannel } from 'node:worker_threads';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NotCloneableError } from '../../src/base/errors.ts';
import { describe as describeValue, findUncloneable, notCloneable } from '../../src/wire/clone-path.ts';

function fail(text = 'boo'): never {
  throw new RangeError(text);
}

class Job {
  callback = (): number => 1;
}
function* generator(): Generator<number> {
  yield 1;
}
// Past the module runner, which would wrap it in a proxy.
const importModuleDynamically = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
const namespace = (await vm.runInThisContext("import('node:path')", { importModuleDynamically })) as object;
const detached = new ArrayBuffer(8);
structuredClone(detached, { transfer: [detached] });

describe('findUncloneable', () => {
  it.each<[path: string, what: string | RegExp, value: unknown]>([
    ['args[0].callback', 'function callback', [{ a: 1, callback() {} }]],
    ['args[1].items[3]', 'function (anonymous)', [1, { items: [1, 2, {}, () => 1] }]],
    ['args[0]', 'class Job', [Job]],
    ['args[0]', 'async function f', [async function f() {}]],
    ['args[0].callback', 'function callback', [new Job()]],
    ['args.get("k")', 'Symbol(s)', new Map<unknown, unknown>([['j', {}], ['k', Symbol('s')]])], // prettier-ignore
    ['args.get(5).x', /^function/, new Map([[5, { x: () => 1 }]])],
    ['args.keys()[0]', /^function/, new Map([[() => 1, 1]])],
    ['args.values()[1].f', /^function/, new Map<unknown, unknown>([[1, 1], [{}, { f: () => 1 }]])], // prettier-ignore
    ['args.values()[1]', 'a WeakMap', new Set<unknown>([1, new WeakMap()])],
    ['args["a-b"]["0"].$ok._x.日本', 'a WeakSet', { 'a-b': { 0: { $ok: { _x: { 日本: new WeakSet() } } } } }],
    ['args[0].cause.cause.f', 'function f', [new Error('a', { cause: new Error('b', { cause: { f() {} } }) })]],
    ['args[0]', /^a Promise/, [Promise.resolve()]],
    ['args[0]', 'a generator object', [generator()]],
    ['args[0]', /^a module namespace/, [namespace]],
    ['args[0]', 'a Proxy', [new Proxy({}, {})]],
    ['args[0]', 'a Proxy', [new Proxy(() => 1, { getOwnPropertyDescriptor: () => fail() })]],
    ['args[0]', /^a WeakRef/, [new WeakRef({})]],
    ['args[0]', /^an ArrayBuffer \(.*detached/, [detached]],
    ['args[0].lazy', 'a getter that threw RangeError: boo', [{ fine: 1, get lazy() { return fail(); } }]], // prettier-ignore
    ['args[0]', /^a Socket/, [new net.Socket()]],
    ['args[0]', 'a ReadableStream', [new ReadableStream()]],
    ['args[0].inner', /^an Emitter/, [{ inner: Object.assign(new (class Emitter extends EventEmitter {})(), { deep: { f: () => 1 } }) }]],
    ['args[0]', /^an? (Object|Arguments|object)/, [(function () { return arguments; })()]], // prettier-ignore
    ['args[0].deep.boxed', /^a Symbol/, [{ deep: { boxed: Object(Symbol('x')) as object } }]],
  ])('names %s: %s', (at, what, value) => {
    const found = findUncloneable(value, 'args');
    expect(found?.path).toBe(at);
    expect(found?.what).toMatch(what);
    expect(() => structuredClone(value)).toThrow(/./);
  });

  it('names the first in the order of the platform', () => {
    expect(findUncloneable({ a: { b: { c: () => 1 } }, d: Symbol('later') }, 'result')?.path).toBe('result.a.b.c');
    expect(findUncloneable({ a: {}, get b(): never { return fail(); }, c: () => 1 }, 'result')?.path).toBe('result.b'); // prettier-ignore
  });

  it('finds nothing wrong with what the platform clones', () => {
    const cycle: Record<string, unknown> = {
      date: new Date(),
      list: [1, [2]],
      map: new Map([[{}, new Set([1])]]),
      bytes: new Uint8Array(8),
    };
    cycle['self'] = cycle;
    const error = Object.assign(new Error('properties of errors are not cloned'), { f: () => 1 });
    const hidden = Object.defineProperty({ [Symbol('key')]: () => 1 }, 'f', { value: () => 1 });
    for (const value of [cycle, error, hidden, null, 1n, Object.create({ f: () => 1 })]) expect(findUncloneable(value, 'x')).toBeNull();
  });

  it('leaves out what went along in the transfer list', () => {
    const { port1, port2 } = new MessageChannel();
    expect(findUncloneable([{ port1 }], 'args')?.path).toBe('args[0].port1');
    expect(findUncloneable([{ port1, f: () => 1 }], 'args', [port1])?.path).toBe('args[0].f');
    expect(findUncloneable([{ port1 }], 'args', [port1])).toBeNull();
    port1.close();
    port2.close();
  });

  it('says that nothing but the depth is wrong with a list that is too long to walk', () => {
    const head: { next?: object } = {};
    for (let i = 0, at = head; i < 50_000; i++) at = at.next = {};
    expect(findUncloneable(head, 'result')).toEqual({ path: 'result', what: expect.stringMatching(/^it is nested too deeply/) });
  });

  it('ends in little time for values of any size', () => {
    const big: unknown[] = Array.from({ length: 300_000 }, (_, i) => ({ i }));
    big.push(() => 1);
    const start = performance.now();
    expect(findUncloneable([big], 'args')).not.toBeNull();
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(findUncloneable({ ['k'.repeat(5_000)]: { ['-'.repeat(5_000)]: () => 1 } }, 'x')?.path.length).toBeLessThan(400);
  });

  it('survives proxies in the prototype chain and hostile names', () => {
    const trap = (): never => fail('trap');
    const handler = Object.fromEntries(Object.getOwnPropertyNames(Reflect).map((name) => [name, trap]));
    expect(findUncloneable([Object.create(new Proxy({}, handler))], 'args')).toBeDefined();
    class Nasty {
      static override = 1;
      f = (): number => 1;
    }
    Object.defineProperty(Nasty, 'name', { get: trap });
    expect(findUncloneable([Nasty], 'args')).toMatchObject({ what: 'class (anonymous)' });
  });

  it('agrees with the platform on any value', () => {
    const live = fc.constantFrom<unknown>(() => 1, Symbol('x'), new WeakMap(), new Proxy([], {}), Promise.resolve());
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, fc.anything({ withMap: true, withSet: true, withDate: true }), live, fc.array(tie('value'), { maxLength: 4 }), fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 })),
    })); // prettier-ignore
    fc.assert(
      fc.property(value, (v) => {
        let refused = false;
        try {
          structuredClone(v);
        } catch {
          refused = true;
        }
        expect(findUncloneable(v, 'v') !== null).toBe(refused);
      }),
      { numRuns: 500 },
    );
  });
});

describe('notCloneable', () => {
  const cause = new DOMException('f could not be cloned.', 'DataCloneError');

  it('says where, what, and what to do instead', () => {
    const error = notCloneable([{ onDone() {} }], 'args', cause);
    expect(error).toBeInstanceOf(NotCloneableError);
    expect([error.path, error.cause]).toEqual(['args[0].onDone', cause]);
    expect(error.message).toMatch(
      /^args\[0\]\.onDone cannot be sent to another thread or process: function onDone\. .*offload\(\).*callback\(\)/,
    );
  });

  it('advises by what it found', () => {
    const { port1, port2 } = new MessageChannel();
    expect(notCloneable([port1], 'args', cause).message).toContain('move(value)');
    expect(notCloneable([Promise.resolve()], 'args', cause).message).toContain('await it first');
    expect(notCloneable({ w: new WeakMap() }, 'result', cause).message).toMatch(/^result\.w .*a WeakMap\. Pass data only/);
    port1.close();
    port2.close();
  });

  it('falls back to the words of the platform at the root', () => {
    expect(notCloneable([1], 'args', cause)).toMatchObject({ path: 'args', message: expect.stringContaining('f could not be cloned.') });
    expect(notCloneable([1], 'args', undefined).path).toBe('args');
  });
});

describe('the text for a value', () => {
  it('shows any value in bounded text', () => {
    const hostile = { [Symbol.for('nodejs.util.inspect.custom')]: () => fail() };
    expect(describeValue(hostile)).toBe('[object that cannot be inspected]');
    expect(describeValue('x'.repeat(10_000)).length).toBeLessThan(600);
    expect(describeValue({ a: { b: { c: 1 } } })).toBe('{ a: { b: [Object] } }');
  });
});
