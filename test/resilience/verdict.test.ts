import { expect, it } from 'vitest';
import { verdict, withCause } from '../../src/resilience/verdict.ts';
import { failure } from '../support/virtual.ts';

it('a predicate says yes or no', () => {
  expect([true, false].map((answer) => verdict('options.x', () => answer, 'error'))).toEqual([true, false]);
});

it.each([undefined, 1, Promise.resolve(true)])(
  'an answer like %s is refused, and the error it was asked about is the cause',
  async (answer) => {
    const about = new Error('about');
    const error = (await failure(() => verdict('options.x', () => answer as never, about))) as Error;
    expect(error.message).toMatch(/^Expected what options.x returns to be a boolean, got /);
    expect(error.cause).toBe(about);
  },
);

it('a mistake keeps the cause that it has, and what cannot have one is left alone', () => {
  const own = new Error('mistake', { cause: 'its own' });
  expect((withCause(own, 'error') as Error).cause).toBe('its own');
  const itself = new Error('thrown on');
  expect((withCause(itself, itself) as Error).cause).toBeUndefined();
  expect(withCause('text', 'error')).toBe('text');
  expect((withCause(Object.freeze(new Error('frozen')), 'error') as Error).cause).toBeUndefined();
});
