import { expect, it } from 'vitest';
import { CancelFlags } from '../../src/wire/cancel-flags.ts';

it('a raised flag is seen by both sides, and by no other call', () => {
  const near = new CancelFlags();
  const far = new CancelFlags(near.memory);
  near.raise(7);
  expect([far.mustStop(7), far.mustStop(8), far.mustStop(7 + 64)]).toEqual([true, false, false]);
});

it('works for numbers beyond 32 bits', () => {
  const flags = new CancelFlags();
  expect(flags.mustStop(2 ** 40 + 5)).toBe(false);
  flags.raise(2 ** 40 + 5);
  expect(flags.mustStop(2 ** 40 + 5)).toBe(true);
});
