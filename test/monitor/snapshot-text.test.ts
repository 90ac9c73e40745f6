import { expect, test } from 'vitest';
import { snapshotText } from '../../src/monitor/snapshot-text.ts';
import type { LagSnapshot } from '../../src/monitor/loop-monitor.ts';
import { told } from '../support/samples.ts';

const percentiles = { p50: 0.2, p90: 1, p99: 12, max: 135, mean: 1, count: 9 };
const executor = {
  kind: 'thread',
  workers: 4,
  busy: 2,
  idle: 2,
  queued: 3,
  running: 2,
  completed: 7,
  failed: 0,
  cancelled: 0,
  respawned: 0,
} as const;
const quiet: LagSnapshot = {
  uptime: 1500,
  delay: percentiles,
  utilization: 0.25,
  gc: {
    count: 2,
    total: 5,
    max: 3,
  },
  heapUsed: 2 ** 24,
  executors: {
    images: {
      ...executor,
      waitTime: percentiles,
      runTime: percentiles,
      utilization: 0.5,
      recycled: 0,
      functions: {},
    },
  },
  actors: { Db: { kind: 'actor', running: 1, completed: 20, failed: 2, cancelled: 0, callTime: percentiles } },
  blocks: 0,
  slow: [],
};

test('the figures in a few lines', () => {
  expect(snapshotText(quiet)).toBe(`event loop over 1.5 s: delay p50 0.2 ms, p99 12 ms, max 135 ms; busy 25 %
gc: 2 runs, 5.0 ms in all, longest 3.0 ms; heap 16 MiB
images: 2 of 4 workers busy (50 % in all), 3 queued, 7 done; wait p50 0.2 ms, p99 12 ms; run p50 0.2 ms, p99 12 ms
actor Db: 1 calls under way, 20 done, 2 failed; call p50 0.2 ms, p99 12 ms`);
});

test('workers that had to be replaced are counted', () => {
  const images = { ...quiet.executors['images']!, respawned: 2 };
  expect(snapshotText({ ...quiet, executors: { images } })).toContain('busy (50 % in all, 2 respawned), 3 queued');
});

test('the latest blocks follow, with how many there were', () => {
  const slow = Array.from({ length: 8 }, (_, i) => ({ ...told, message: `block ${i}` }));
  const text = snapshotText({ ...quiet, blocks: 20, slow });
  expect(text).toContain('blocks: 20, the latest 5\nblock 3\n');
  expect(text).toMatch(/block 7$/);
});
