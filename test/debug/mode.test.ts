import { afterEach, describe, expect, it, vi } from 'vitest';
import { choose, modeFor, toMode } from '../../src/debug/mode.ts';
import { refusal } from '../support/virtual.ts';

const on = { stackDepth: 10 };

describe('debug mode', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('is on with OFFLOOP_DEBUG=1, off when that is empty, and an explicit option wins (DB-11)', () => {
    vi.stubEnv('OFFLOOP_DEBUG', undefined);
    expect(modeFor(undefined)).toBeNull();
    vi.stubEnv('OFFLOOP_DEBUG', '');
    expect(modeFor(undefined)).toBeNull();
    vi.stubEnv('OFFLOOP_DEBUG', '1');
    expect(modeFor(undefined)).toEqual(on);
    expect(modeFor(false)).toBeNull();
    vi.stubEnv('OFFLOOP_DEBUG', '');
    expect(modeFor(true)).toEqual(on);
    expect(modeFor({ stackDepth: 3 })).toEqual({ stackDepth: 3 });
  });

  it('that was chosen at run time comes before the environment', () => {
    vi.stubEnv('OFFLOOP_DEBUG', '1');
    choose(null);
    expect([modeFor(undefined), modeFor(true)]).toEqual([null, on]);
    choose({ stackDepth: 2 });
    vi.stubEnv('OFFLOOP_DEBUG', '');
    expect([modeFor(undefined), modeFor(false)]).toEqual([{ stackDepth: 2 }, null]);
  });

  it.each([
    ['a string', 'yes', "TypeError OFFLOOP_INVALID_ARGUMENT: Expected on to be a boolean or an object, got 'yes' (string)"],
    ['null', null, 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected on to be a boolean or an object, got null'],
    ['an unknown option', { depth: 1 }, 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option on.depth; known options are stackDepth'],
    ['no stack at all', { stackDepth: 0 }, 'RangeError OFFLOOP_OUT_OF_RANGE: Expected on.stackDepth to be a whole number from 1 up, got 0 (number)'],
  ])('%s is refused', async (_what, value, message) => {
    expect(await refusal(() => toMode('on', value as never))).toBe(message);
  }); // prettier-ignore
});
