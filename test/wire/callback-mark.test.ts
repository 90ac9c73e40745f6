import { expect, it } from 'vitest';
import { isCallback, markCallback, putCallbacks, takeCallbacks } from '../../src/wire/callback-mark.ts';
import type { CallbackPlace } from '../../src/wire/callback-mark.ts';

const noNumber = (): never => {
  throw new Error('not marked');
};

it('leaves values alone in which nothing is marked', () => {
  const values = [1, { fn: () => 1 }];
  expect(takeCallbacks(values, noNumber)).toEqual({ values, places: [] });
});

it('takes marked functions out of arguments, objects and arrays, without touching the user’s objects', () => {
  const fn = markCallback(() => 1);
  const plain = { same: true };
  const options = { on: [1, fn], plain };
  let last = 0;
  const taken = takeCallbacks([fn, options, plain], () => ++last);
  expect(taken.values).toEqual([undefined, { on: [1, undefined], plain }, plain]);
  expect(taken.places).toEqual([
    [1, '0'],
    [2, '1', 'on', '1'],
  ]);
  expect(options.on[1]).toBe(fn);
  expect(isCallback(fn) && !isCallback(() => 1)).toBe(true);
});

it('does not run in circles', () => {
  const fn = markCallback(() => 1);
  const circle: Record<string, unknown> = { fn };
  circle['self'] = circle;
  expect(takeCallbacks([circle], () => 1).places).toEqual([[1, '0', 'fn']]);
});

it('puts stand-ins where the functions were', () => {
  const standIn = (n: number) => (): number => n;
  const values: unknown[] = [undefined, { on: [1, undefined] }];
  putCallbacks(
    values,
    [
      [4, '0'],
      [5, '1', 'on', '1'],
    ] as CallbackPlace[],
    standIn,
  );
  expect([(values[0] as () => number)(), (values[1] as { on: (() => number)[] }).on[1]!()]).toEqual([4, 5]);
});
