import { describe, expect, it } from 'vitest';
import {
  checkBoolean,
  checkCount,
  checkFinite,
  checkDelay,
  checkDuration,
  checkFunction,
  checkNumber,
  checkOneOf,
  checkSignal,
  checkString,
  outOfRange,
  ownOptions,
  show,
  wrongType,
} from '../../src/base/validate.ts';
import { refusal } from '../support/virtual.ts';

class Widget {
  size = 1;
}

it.each<[unknown, string]>([
  [undefined, 'undefined'],
  [null, 'null'],
  ['x', "'x' (string)"],
  [1.5, '1.5 (number)'],
  [NaN, 'NaN (number)'],
  [10n, '10n (bigint)'],
  [true, 'true (boolean)'],
  [Symbol('s'), 'Symbol(s) (symbol)'],
  [{ a: { b: 1 } }, '{ a: [Object] } (object)'],
  [[1, 2, 3, 4], '[ 1, 2, 3, ... 1 more item ] (object)'],
  [new Widget(), 'Widget { size: 1 } (object)'],
  [function f() {}, '[Function: f]'],
  [Widget, '[class Widget]'],
  ['x'.repeat(100), `'${'x'.repeat(60)}'... 40 more characters (string)`],
])('%# shows a value in one line, with its type', (value, text) => {
  expect(show(value)).toBe(text);
});

describe('an error for bad input', () => {
  it('is a TypeError for a wrong type and a RangeError for a wrong value, with our code as an own property', () => {
    expect(wrongType('ms', 'a number', 'x')).toBeInstanceOf(TypeError);
    expect(outOfRange('ms', 'a number', NaN)).toBeInstanceOf(RangeError);
    expect(Object.keys(wrongType('ms', 'a number', 'x'))).toEqual(['code']);
    expect(Object.entries(outOfRange('ms', 'a number', NaN))).toEqual([['code', 'OFFLOOP_OUT_OF_RANGE']]);
  });

  it('points at the caller, not at the helper that made it', () => {
    expect(wrongType('ms', 'a number', 'x').stack?.split('\n')[1]).toContain('validate.test.ts');
    expect(outOfRange('ms', 'a number', 1).stack?.split('\n')[1]).toContain('validate.test.ts');
  });
});

const cases: [string, () => unknown, string][] = [
  ['checkFunction', () => checkFunction('fn', 5), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn to be a function, got 5 (number)'],
  [
    'checkFunction of a promise',
    () => checkFunction('fn', Promise.resolve(5)),
    'TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn to be a function, got Promise { 5 } (object): pass () => f(), not f()',
  ],
  ['checkString', () => checkString('name', 5), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected name to be a string, got 5 (number)'],
  ['checkBoolean', () => checkBoolean('on', 1), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected on to be a boolean, got 1 (number)'],
  ['checkOneOf', () => checkOneOf('how', 'c', ['a', 'b']), "RangeError OFFLOOP_OUT_OF_RANGE: Expected how to be one of 'a', 'b', got 'c' (string)"],
  ['checkOneOf', () => checkOneOf('how', 1, ['a', 'b']), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected how to be one of 'a', 'b', got 1 (number)"],
  ['checkNumber', () => checkNumber('n', '1'), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected n to be a number, got '1' (string)"],
  ['checkNumber', () => checkNumber('n', NaN), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected n to be a number, got NaN (number)'],
  ['checkDelay', () => checkDelay('ms', NaN), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected ms to be a number of milliseconds, got NaN (number)'],
  ['checkDuration', () => checkDuration('ms', -1), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected ms to be a number of milliseconds, 0 or more, got -1 (number)'],
  ['checkDuration', () => checkDuration('ms', NaN), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected ms to be a number of milliseconds, 0 or more, got NaN (number)'],
  ['checkDuration', () => checkDuration('ms', {}), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected ms to be a number of milliseconds, 0 or more, got {} (object)'],
  ['checkFinite', () => checkFinite('n', NaN, 0), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected n to be a finite number, 0 or more, got NaN (number)'],
  ['checkFinite', () => checkFinite('n', Infinity, 0), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected n to be a finite number, 0 or more, got Infinity (number)'],
  ['checkFinite', () => checkFinite('n', 0.5, 1), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected n to be a finite number, 1 or more, got 0.5 (number)'],
  ['checkFinite', () => checkFinite('n', '1', 1), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected n to be a finite number, 1 or more, got '1' (string)"],
  ['checkCount', () => checkCount('n', 1.5, 1), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected n to be a whole number from 1 up, got 1.5 (number)'],
  ['checkCount', () => checkCount('n', 0, 1), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected n to be a whole number from 1 up, got 0 (number)'],
  ['checkCount', () => checkCount('n', Infinity, 1), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected n to be a whole number from 1 up, got Infinity (number)'],
  ['checkCount', () => checkCount('n', 2 ** 60, 1), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected n to be a whole number from 1 up, got 1152921504606847000 (number)'],
  ['checkCount', () => checkCount('n', NaN, 1, { infinite: true }), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected n to be a whole number from 1 up, or Infinity, got NaN (number)'],
  ['checkCount', () => checkCount('n', null, 0), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected n to be a whole number from 0 up, got null'],
  ['checkSignal', () => checkSignal('signal', {}), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected signal to be an AbortSignal, got {} (object)'],
  ['ownOptions', () => ownOptions('options', 5, []), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options to be an object of options, got 5 (number)'],
  ['ownOptions', () => ownOptions('options', null, []), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options to be an object of options, got null'],
  ['ownOptions', () => ownOptions('options', [], []), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options to be an object of options, got [] (object)'],
  ['ownOptions', () => ownOptions<{ a: 1; b: 1 }>('options', { c: 1 }, ['a', 'b']), 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.c; known options are a, b'],
]; // prettier-ignore
it.each(cases)('%s says what it expected, what it got, and where', async (_name, call, message) => {
  expect(await refusal(call)).toBe(message);
});

it('good values pass', () => {
  checkFunction('fn', () => {});
  checkString('s', '');
  checkBoolean('b', false);
  checkOneOf('o', 'a', ['a']);
  checkNumber('n', -Infinity);
  checkDelay('ms', -5);
  checkDuration('ms', Infinity);
  checkCount('n', 0, 0);
  checkFinite('n', 1.5, 1.5);
  checkCount('n', Infinity, 0, { infinite: true });
  checkSignal('s', new AbortController().signal);
});

describe('ownOptions', () => {
  it('takes the own properties that are set', () => {
    expect({ ...ownOptions<{ a: number; b: number }>('options', { a: 1, b: undefined }, ['a', 'b']) }).toEqual({ a: 1 });
    expect({ ...ownOptions('options', undefined, []) }).toEqual({});
  });

  it('takes nothing from a polluted prototype', () => {
    const polluted = Object.create({ a: 1 }) as { a?: number };
    expect(ownOptions<{ a: number }>('options', polluted, ['a']).a).toBeUndefined();
    expect('toString' in ownOptions('options', {}, [])).toBe(false);
  });
});
