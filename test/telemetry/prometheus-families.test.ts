import { expect, it } from 'vitest';
import { executorFamilies, loopFamilies } from '../../src/telemetry/prometheus-families.ts';
import type { Look } from '../../src/telemetry/prometheus-families.ts';

const percentiles = (p50: number): { p50: number; p90: number; p99: number; max: number; mean: number; count: number } => ({
  p50,
  p90: 2 * p50,
  p99: 3 * p50,
  max: 4 * p50,
  mean: p50,
  count: 2,
});
const stats = (workers: number, p50: number) =>
  ({
    kind: 'thread',
    workers,
    busy: 1,
    idle: 0,
    queued: 3,
    running: 1,
    completed: 0,
    failed: 0,
    cancelled: 0,
    respawned: 0,
    recycled: 0,
    waitTime: percentiles(p50),
    runTime: percentiles(p50),
    functions: {},
    utilization: p50 / 1000,
  }) as const;
const totals = {
  completed: 5,
  failed: 1,
  cancelled: 2,
  respawned: 3,
  recycled: 4,
  wait: { sum: 500, count: 8 },
  run: { sum: 1500, count: 6 },
};
const look: Look = {
  executors: [
    { name: 'images', totals, living: [stats(2, 100), stats(1, 200)] },
    { name: 'gone', totals, living: [] },
  ],
  loop: { delay: percentiles(10), utilization: 0.25 },
  blocks: new Map([['gc', { count: 2, time: 300 }]]),
};

function lines(name: string): string[] {
  const family = [...executorFamilies, ...loopFamilies].find((family) => family.name === name)!;
  return family.samples(look).map(({ metricName = name, labels, value }) => `${metricName} ${Object.values(labels).join(' ')} ${value}`);
}

it('names follow the conventions: a prefix, base units, _total for what only grows', () => {
  for (const { name, type, help } of [...executorFamilies, ...loopFamilies]) {
    expect(name).toMatch(/^offloop_[a-z_]+$/);
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    expect(name).not.toMatch(/_(?:ms|milliseconds|percent)\b/);
    expect(help).toMatch(/\.$/);
  }
});

it('gauges are of the executors that live, summed by name', () => {
  expect(lines('offloop_executor_workers')).toEqual([
    'offloop_executor_workers images busy 2',
    'offloop_executor_workers images idle 0',
    'offloop_executor_workers images starting 1',
  ]);
  expect(lines('offloop_executor_queued_jobs')).toEqual(['offloop_executor_queued_jobs images 6']);
  expect(lines('offloop_executor_running_jobs')).toEqual(['offloop_executor_running_jobs images 2']);
  expect(lines('offloop_executor_utilization_ratio')).toEqual(['offloop_executor_utilization_ratio images 0.2']);
});

it('counters are of those that are gone, too', () => {
  expect(lines('offloop_jobs_total')).toEqual(
    ['images', 'gone'].flatMap((name) => [`completed 5`, 'failed 1', 'cancelled 2'].map((rest) => `offloop_jobs_total ${name} ${rest}`)),
  );
  expect(lines('offloop_worker_respawns_total')).toEqual([
    'offloop_worker_respawns_total images 3',
    'offloop_worker_respawns_total gone 3',
  ]);
  expect(lines('offloop_worker_recycles_total')).toEqual([
    'offloop_worker_recycles_total images 4',
    'offloop_worker_recycles_total gone 4',
  ]);
});

it('durations are seconds: quantiles of the worst of one name, sum and count of all', () => {
  expect(lines('offloop_job_wait_seconds')).toEqual([
    'offloop_job_wait_seconds images 0.5 0.2',
    'offloop_job_wait_seconds images 0.9 0.4',
    'offloop_job_wait_seconds images 0.99 0.6',
    'offloop_job_wait_seconds_sum images 0.5',
    'offloop_job_wait_seconds_count images 8',
    'offloop_job_wait_seconds_sum gone 0.5',
    'offloop_job_wait_seconds_count gone 8',
  ]);
  expect(lines('offloop_job_run_seconds').slice(-2)).toEqual([
    'offloop_job_run_seconds_sum gone 1.5',
    'offloop_job_run_seconds_count gone 6',
  ]);
});

it('the loop: delays since the last scrape, and blocks by cause', () => {
  expect(lines('offloop_loop_delay_seconds')).toEqual([
    'offloop_loop_delay_seconds 0.5 0.01',
    'offloop_loop_delay_seconds 0.9 0.02',
    'offloop_loop_delay_seconds 0.99 0.03',
    'offloop_loop_delay_seconds 1 0.04',
  ]);
  expect(lines('offloop_loop_utilization_ratio')).toEqual(['offloop_loop_utilization_ratio  0.25']);
  expect(lines('offloop_loop_blocks_total')).toEqual(['offloop_loop_blocks_total gc 2']);
  expect(lines('offloop_loop_blocked_seconds_total')).toEqual(['offloop_loop_blocked_seconds_total gc 0.3']);
});
