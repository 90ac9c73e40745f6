import { expect, test } from 'vitest';
import { parseSettings, resolveSettings } from '../../src/monitor/settings.ts';

test('two modes, each with its defaults', () => {
  expect(resolveSettings(undefined)).toMatchObject({ mode: 'watch', threshold: 100, heartbeat: 25, profile: false, keep: 100, log: true });
  expect(resolveSettings({ mode: 'debug' })).toMatchObject({ threshold: 20, heartbeat: 5, profile: 5 });
});

test('a small threshold gets a heartbeat that fits', () => {
  expect(resolveSettings({ threshold: 30 }).heartbeat).toBe(10);
  expect(resolveSettings({ mode: 'debug', threshold: 10 }).heartbeat).toBe(3);
});

test.each<[options: unknown, complaint: RegExp]>([
  [{ mode: 'loud' }, /options\.mode to be one of 'watch', 'debug', got 'loud'/],
  [{ threshold: 19 }, /options\.threshold to be a number of milliseconds, 20 or more, got 19/],
  [{ threshold: Infinity }, /20 or more, got Infinity/],
  [{ mode: 'debug', threshold: 9 }, /10 or more, got 9/],
  [{ threshold: '100' }, /options\.threshold to be a number/],
  [{ heartbeat: 100 }, /options\.heartbeat to be less than the threshold of 100 milliseconds, got 100/],
  [{ heartbeat: 0 }, /options\.heartbeat to be a whole number from 1 to 1000, got 0/],
  [{ profile: true }, /options\.profile to be false, or a number of milliseconds/],
  [{ profile: 0 }, /options\.profile .* got 0/],
  [{ capture: 'guess' }, /options\.capture/],
  [{ keep: -1 }, /options\.keep to be a whole number from 0 up/],
  [{ onSlow: 'x' }, /options\.onSlow to be a function/],
  [{ log: 5 }, /options\.log to be a boolean, or the path of a file, got 5/],
  [{ log: '' }, /options\.log/],
  [{ report: 5 }, /options\.report to be the path of a file/],
  [{ treshold: 5 }, /Unknown option options\.treshold; known options are mode, threshold/],
])('%o is refused with what was expected', (options, complaint) => {
  expect(() => resolveSettings(options)).toThrow(complaint);
});

test('the environment names a mode, and options', () => {
  expect(parseSettings('watch,threshold=150,log=lag.ndjson')).toEqual({ mode: 'watch', threshold: 150, log: 'lag.ndjson' });
  expect(parseSettings('debug, profile=false ,log=true')).toEqual({ mode: 'debug', profile: false, log: true });
  expect(parseSettings('')).toEqual({});
  expect(parseSettings('1')).toEqual({});
});

test('a mistake in the environment is told in its words', () => {
  expect(() => parseSettings('loud')).toThrow(/OFFLOOP_MONITOR\.mode to be one of/);
  expect(() => parseSettings('threshold=abc')).toThrow(/OFFLOOP_MONITOR\.threshold to be a number of milliseconds, 20 or more, got 'abc'/);
  expect(() => parseSettings('report')).toThrow(/OFFLOOP_MONITOR\.report to be written as report=…/);
  expect(() => parseSettings('tresh=1')).toThrow(/Unknown option OFFLOOP_MONITOR\.tresh/);
});
