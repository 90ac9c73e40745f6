import { expect, it } from 'vitest';
import { resolvePool } from '../../src/resilience/pool-options.ts';
import { refusal } from '../support/virtual.ts';

const create = (): number => 1;

it('the defaults', () => {
  const { create: given, ...rest } = resolvePool({ create, max: 3 });
  expect(given).toBe(create);
  const none = { destroy: undefined, validate: undefined };
  expect(rest).toEqual({ ...none, max: 3, min: 0, idleTimeout: 30_000, maxLifetime: Infinity, acquireTimeout: Infinity });
});

const bad: [object | undefined, string][] = [
  [undefined, 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.create to be a function, got undefined'],
  [{ create }, 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.max to be a whole number from 1 up, got undefined'],
  [{ create, max: 0 }, 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.max to be a whole number from 1 up, got 0 (number)'],
  [{ create, max: NaN }, 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.max to be a whole number from 1 up, got NaN (number)'],
  [{ create, max: 2, min: 3 }, 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.min to be at most options.max (2), got 3 (number)'],
  [{ create, max: 2, min: -1 }, 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.min to be a whole number from 0 up, got -1 (number)'],
  [{ create, max: 2, destroy: 1 }, 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.destroy to be a function, got 1 (number)'],
  [
    { create, max: 2, validate: true },
    'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.validate to be a function, got true (boolean)',
  ],
];
it.each(bad)('%j is refused', async (options, message) => {
  expect(await refusal(() => resolvePool(options as never))).toBe(message);
});

it.each(['idleTimeout', 'maxLifetime', 'acquireTimeout'])('a bad %s is refused', async (name) => {
  const text = `Expected options.${name} to be a number of milliseconds, 0 or more, got`;
  expect(await refusal(() => resolvePool({ create, max: 1, [name]: NaN }))).toBe(`RangeError OFFLOOP_OUT_OF_RANGE: ${text} NaN (number)`);
  expect(await refusal(() => resolvePool({ create, max: 1, [name]: -1 }))).toBe(`RangeError OFFLOOP_OUT_OF_RANGE: ${text} -1 (number)`);
  expect(await refusal(() => resolvePool({ create, max: 1, [name]: null }))).toBe(`TypeError OFFLOOP_INVALID_ARGUMENT: ${text} null`);
});

it('an option that does not exist is refused', async () => {
  expect(await refusal(() => resolvePool({ create, max: 1, size: 1 } as never))).toMatch(
    /Unknown option options.size; known options are create, /,
  );
});
