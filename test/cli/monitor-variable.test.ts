import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { monitorVariable } from '../../src/cli/monitor-variable.ts';
import { parseSettings } from '../../src/monitor/settings.ts';

test('options of the command become settings of the monitor, paths as seen from here', () => {
  const text = monitorVariable(undefined, { mode: 'debug', threshold: '30', log: 'lag.ndjson' });
  expect(parseSettings(text)).toEqual({ mode: 'debug', threshold: 30, log: resolve('lag.ndjson') });
});

test('what the environment says stays, and the options win', () => {
  const text = monitorVariable('watch,threshold=500,heartbeat=7', { threshold: '30' });
  expect(parseSettings(text)).toEqual({ mode: 'watch', threshold: 30, heartbeat: 7 });
});

test('without any settings the monitor is on all the same', () => {
  expect(monitorVariable(undefined, {})).toBe('1');
  expect(monitorVariable('0', {})).toBe('1');
});

test('settings that cannot be are refused before the program starts', () => {
  expect(() => monitorVariable('treshold=1', {})).toThrow(/OFFLOOP_MONITOR/);
  expect(() => monitorVariable(undefined, { log: 'a,b.ndjson' })).toThrow('--log: a path with a comma in it cannot be passed on');
});
