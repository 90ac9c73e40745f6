import { describe, expect, it } from 'vitest';
import { helperNamed } from '../../workers/inline-helpers.ts';

type Helper = (...args: unknown[]) => unknown;
const helper = (name: string): Helper => helperNamed(name) as Helper;

describe('what compilers expect around a function', () => {
  it('is known by name; an ordinary variable is not', () => {
    for (const name of ['__name', '__name2', 'cov_1a2b3c', '__using', '__awaiter', '__rest'])
      expect(helperNamed(name)).toBeTypeOf('function');
    for (const name of ['table', 'name', '__proto__', 'toString', 'covers', '__vite_ssr_import_0__'])
      expect(helperNamed(name)).toBeUndefined();
  });

  it('names of functions (esbuild)', () => {
    expect((helper('__name')(() => 1, 'inner') as () => number).name).toBe('inner');
  });

  it('counters of a coverage tool, which nobody will read (istanbul)', () => {
    const counters = helper('cov_x')() as { s: Record<string, number>; f: Record<string, number>; b: Record<string, number[]> };
    expect(() => [counters.s[0]!++, counters.f[3]!++, counters.b[7]![1]!++]).not.toThrow();
  });

  it('async functions (tsc for ES2015)', async () => {
    const body = function* (this: unknown, n: number): Generator<unknown, unknown, number> {
      let caught = 0;
      try {
        yield Promise.reject(new Error('x'));
      } catch {
        caught = 1;
      }
      return [this, (yield Promise.resolve(n)) + caught];
    };
    expect(await helper('__awaiter')('self', [41], undefined, body)).toEqual(['self', 42]);
    expect(await helper('__async')('self', [41], body)).toEqual(['self', 42]);
    const fails = function* (): Generator { yield 1; throw new Error('out'); }; // prettier-ignore
    await expect(helper('__awaiter')(null, undefined, undefined, fails)).rejects.toThrow('out');
  });

  it('objects and arrays (tsc and esbuild for ES2015)', () => {
    const symbol = Symbol('s');
    expect(helper('__rest')({ a: 1, b: 2, 3: 4, [symbol]: 5 }, ['a', '3'])).toEqual({ b: 2, [symbol]: 5 });
    expect(helper('__objRest')({ a: 1, [symbol]: 5 }, [symbol])).toEqual({ a: 1 });
    expect(helper('__assign')({}, { a: 1 })).toEqual({ a: 1 });
    expect(helper('__spreadProps')(helper('__spreadValues')({}, { a: 1 }), { b: 2 })).toEqual({ a: 1, b: 2 });
    expect(helper('__spreadArray')([1], [2, 3], false)).toEqual([1, 2, 3]);
    expect(helper('__publicField')({}, 'x', 5)).toBe(5);
  });
});

describe('`using`, compiled', () => {
  const resource = (log: string[], name: string, error?: Error): object => ({
    [Symbol.dispose]: () => {
      log.push(name);
      if (error) throw error;
    },
  });

  it('disposes newest first, and keeps the error of the body (esbuild)', () => {
    const log: string[] = [];
    const stack: unknown[] = [];
    for (const name of ['a', 'b']) helper('__using')(stack, resource(log, name), false);
    helper('__using')(stack, null, false);
    expect(() => helper('__callDispose')(stack, new Error('body'), true)).toThrow('body');
    expect(log).toEqual(['b', 'a']);
  });

  it('waits for what is asynchronous, and hides no error behind another (tsc)', async () => {
    const log: string[] = [];
    const env = { stack: [], error: new Error('body'), hasError: true };
    helper('__addDisposableResource')(env, resource(log, 'a', new Error('a')), false);
    helper('__addDisposableResource')(env, { [Symbol.asyncDispose]: () => Promise.resolve().then(() => log.push('b')) }, true);
    const error: unknown = await Promise.resolve(helper('__disposeResources')(env)).catch((e: unknown) => e);
    expect(log).toEqual(['b', 'a']);
    expect(error).toMatchObject({ name: 'SuppressedError', error: { message: 'a' }, suppressed: { message: 'body' } });
  });

  it('refuses what cannot be disposed', () => {
    expect(() => helper('__using')([], {}, false)).toThrow('Object not disposable');
  });
});
