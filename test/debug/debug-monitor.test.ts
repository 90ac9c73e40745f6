import { expect, test } from 'vitest';
import { register, unregister } from '../../src/base/live.ts';
import { watchLag } from '../../src/debug/debug-monitor.ts';
import { hub } from '../../src/monitor/hub.ts';

const native = JSON.parse;
const mode = { stackDepth: 3, monitor: { mode: 'debug', log: false } } as const;

test('there is a monitor exactly while some run in debug mode wants one', () => {
  const [a, b] = [{}, {}];
  watchLag(a, mode);
  watchLag(b, mode);
  expect(JSON.parse).not.toBe(native);
  expect(hub().siteOf).toBeDefined();
  watchLag(a, null);
  expect(JSON.parse).not.toBe(native);
  watchLag(b, { ...mode, monitor: null });
  expect(JSON.parse).toBe(native);
  expect(hub().siteOf).toBeUndefined();
});

test('none is started where `offloop run --debug` has one, but tasks are shown with their sites all the same', () => {
  const [run, preloaded] = [{}, { statistics: () => ({}) }];
  register('preload', 'debug', preloaded);
  watchLag(run, mode);
  expect(JSON.parse).toBe(native);
  expect(hub().siteOf).toBeDefined();
  watchLag(run, null);
  unregister('preload', preloaded);
  expect(hub().siteOf).toBeUndefined();
});
