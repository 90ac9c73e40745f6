import { afterEach, describe, expect, it, vi } from 'vitest';
import { choose, modeFor, toMode } from '../../src/debug/mode.ts';
import { refusal } from '../support/virtual.ts';

const on = { stackDepth: 10, monitor: { mode: 'debug', threshold: 100 } };

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
    expect(modeFor({ stackDepth: 3 })).toEqual({ ...on, stackDepth: 3 });
  });

  it('starts a monitor with the duration that counts as slow, unless it is not wanted', () => {
    expect(modeFor({ slowCallbackDuration: 50 })?.monitor).toEqual({ mode: 'debug', threshold: 50 });
    expect(modeFor({ monitor: { threshold: 30, log: 'a.ndjson' } })?.monitor).toEqual({ mode: 'debug', threshold: 30, log: 'a.ndjson' });
    expect(modeFor({ monitor: false })?.monitor).toBeNull();
    expect(modeFor({ report: 'lag.html' })?.monitor).toEqual({ mode: 'debug', threshold: 100, report: 'lag.html' });
    expect(modeFor({ report: 'a.html', monitor: { report: 'b.html' } })?.monitor).toMatchObject({ report: 'b.html' });
    expect(modeFor({ report: false })).toEqual(on);
  });

  it('that was chosen at run time comes before the environment', () => {
    vi.stubEnv('OFFLOOP_DEBUG', '1');
    choose(null);
    expect([modeFor(undefined), modeFor(true)]).toEqual([null, on]);
    choose({ stackDepth: 2, monitor: null });
    vi.stubEnv('OFFLOOP_DEBUG', '');
    expect([modeFor(undefined), modeFor(false)]).toEqual([{ stackDepth: 2, monitor: null }, null]);
  });

  it.each([
    ['a string', 'yes', "TypeError OFFLOOP_INVALID_ARGUMENT: Expected on to be a boolean or an object, got 'yes' (string)"],
    ['null', null, 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected on to be a boolean or an object, got null'],
    ['an unknown option', { depth: 1 }, 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option on.depth; known options are slowCallbackDuration, stackDepth, monitor, report'],
    ['too short a duration', { slowCallbackDuration: 5 }, 'RangeError OFFLOOP_OUT_OF_RANGE: Expected on.slowCallbackDuration to be a number of milliseconds, 10 or more, got 5 (number)'],
    ['no monitor', { monitor: 'x' }, "TypeError OFFLOOP_INVALID_ARGUMENT: Expected on.monitor to be a boolean, or the options of a LoopMonitor, got 'x' (string)"],
    ['a wrong option of the monitor', { monitor: { keep: -1 } }, 'RangeError OFFLOOP_OUT_OF_RANGE: Expected on.monitor.keep to be a whole number from 0 up, got -1 (number)'],
    ['a report that is no path', { report: true }, 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected on.report to be the path of a file, or false, got true (boolean)'],
    ['a report that nobody writes', { report: 'a.html', monitor: false }, "RangeError OFFLOOP_OUT_OF_RANGE: Expected on.report to be false without a monitor, which would write it, got 'a.html' (string)"],
    ['no stack at all', { stackDepth: 0 }, 'RangeError OFFLOOP_OUT_OF_RANGE: Expected on.stackDepth to be a whole number from 1 up, got 0 (number)'],
  ])('%s is refused', async (_what, value, message) => {
    expect(await refusal(() => toMode('on', value as never))).toBe(message);
  }); // prettier-ignore
});
