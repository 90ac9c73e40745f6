import { runInThisContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { serializeInline } from '../../src/executors/inline-source.ts';

describe('the source of a function', () => {
  it('is its text and its name', () => {
    const fn = runInThisContext('(function plus(n) { return n + 1; })') as () => unknown;
    expect(serializeInline(fn)).toEqual({ source: 'function plus(n) { return n + 1; }', name: 'plus' });
  });

  it('is taken once', () => {
    const fn = (n: number): number => n;
    expect(serializeInline(fn)).toBe(serializeInline(fn));
  });

  it.each([
    ['get(x) { return x; }', 'get'],
    ['get (x) { return x; }', 'get'],
    ['async *set(x) { yield x; }', 'set'],
  ])('%s is a method like any other', (text, name) => {
    const { [name]: fn } = runInThisContext(`({ ${text} })`) as Record<string, () => unknown>;
    expect(serializeInline(fn!)).toEqual({ source: text, name });
  });

  it('may be an arrow whose parameter is called get', () => {
    expect(serializeInline(runInThisContext('get => 1') as () => unknown).source).toBe('get => 1');
  });
});

describe('what has no source that could run elsewhere is refused at once', () => {
  const getter = (text: string): unknown => runInThisContext(`Object.getOwnPropertyDescriptor({ ${text} { return 1; } }, 'x').get`);

  it.each<[string, unknown, string | RegExp]>([
    ['a native function', Math.sqrt, /^'sqrt' is a native or bound function, which has no source text.*Wrap it.*offload\(import\.meta/],
    ['a bound function', Math.max.bind(null, 1), /^'bound max' is a bound function/],
    ['a class', runInThisContext('(class Thing {})'), /^'Thing' is a class; .*new Thing/],
    ['a class without a name', runInThisContext('(class {})'), /^An anonymous function is a class/],
    ['a getter', getter('get x()'), /getter or setter/],
    ['a getter with a quoted name', getter("get'x'()"), /getter or setter/],
    ['anything else', 'work', "Expected fn to be a function, got 'work' (string)"],
  ])('%s', (_what, fn, message) => {
    expect(() => serializeInline(fn as () => unknown)).toThrow(message);
    expect(() => serializeInline(fn as () => unknown)).toThrow(TypeError);
  });
});
