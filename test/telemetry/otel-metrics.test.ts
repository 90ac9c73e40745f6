/** Against the real metrics SDK. */
import { channel } from 'node:diagnostics_channel';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ThreadPoolExecutor } from '../../src/index.ts';
import { OtelMetrics } from '../../src/telemetry/otel-metrics.ts';
import { add } from '../fixtures/jobs/basic.ts';
import { fails } from '../fixtures/jobs/traced.ts';
import { metering } from '../support/tracing.ts';
import type { Metering, Point } from '../support/tracing.ts';
import { failure } from '../support/virtual.ts';

let sdk: Metering;
let metrics: OtelMetrics;
beforeEach(() => {
  sdk = metering();
  metrics = new OtelMetrics(sdk.provider.getMeter('test'));
});
afterEach(async () => {
  metrics[Symbol.dispose]();
  await sdk.stop();
});

const of = (points: Point[] | undefined, executor: string): Point[] =>
  (points ?? []).filter(({ attributes }) => attributes['offloop.executor.name'] === executor);

it('jobs are recorded by function and outcome, and executors are looked at when a reader collects', async () => {
  const executor = new ThreadPoolExecutor({ max: 1, name: 'metered' });
  await executor.submit(add, [1, 2]);
  await executor.submit(add, [1, 2]);
  await failure(executor.submit(fails, ['no']));
  const read = await sdk.read();
  const runs = of(read['offloop.job.run.duration'], 'metered').map(({ attributes, value }) => [
    attributes,
    (value as { count: number }).count,
  ]);
  expect(runs).toEqual([
    [{ 'offloop.executor.name': 'metered', 'offloop.job.name': 'add', 'offloop.job.outcome': 'completed' }, 2],
    [{ 'offloop.executor.name': 'metered', 'offloop.job.name': 'fails', 'offloop.job.outcome': 'failed', 'error.type': 'RangeError' }, 1],
  ]);
  const waits = of(read['offloop.job.wait.duration'], 'metered').map(({ value }) => value as { count: number; sum: number; max: number });
  expect(waits.map(({ count }) => count)).toEqual([2, 1]);
  expect(waits[0]!.max).toBeLessThan(30); // seconds, not milliseconds: its worker had to start
  expect(of(read['offloop.executor.jobs'], 'metered').map(({ attributes, value }) => [attributes['offloop.job.outcome'], value])).toEqual([
    ['completed', 2],
    ['failed', 1],
    ['cancelled', 0],
  ]);
  expect(of(read['offloop.executor.queue.length'], 'metered')).toMatchObject([{ value: 0 }]);
  expect(of(read['offloop.executor.jobs.running'], 'metered')).toMatchObject([{ value: 0 }]);
  expect(
    of(read['offloop.executor.workers'], 'metered').map(({ attributes, value }) => [attributes['offloop.worker.state'], value]),
  ).toEqual([
    ['busy', 0],
    ['idle', 1],
  ]);
  expect(of(read['offloop.executor.utilization'], 'metered')[0]!.value).toBeGreaterThan(0);
  expect(of(read['offloop.executor.worker.respawns'], 'metered')).toMatchObject([{ value: 0 }]);

  await executor.shutdown();
  const after = await sdk.read();
  expect(of(after['offloop.executor.jobs'], 'metered')[0]!.value).toBe(2);
  expect(of(after['offloop.executor.workers'], 'metered')).toMatchObject([{ value: 0 }, { value: 0 }]);
});

it('the loop: delay and utilization by the names of the semantic conventions, and blocks that a monitor has seen', async () => {
  channel('offloop:block').publish({ cause: 'gc', duration: 150 });
  const read = await sdk.read();
  for (const key of ['p50', 'p90', 'p99', 'mean', 'max']) {
    expect(read[`nodejs.eventloop.delay.${key}`]![0]!.value).toBeGreaterThanOrEqual(0);
  }
  expect(read['nodejs.eventloop.utilization']![0]!.value).toBeGreaterThan(0);
  expect(read['offloop.loop.block.duration']).toMatchObject([
    { attributes: { 'offloop.block.cause': 'gc' }, value: { count: 1, sum: 0.15 } },
  ]);
});

it('after disposal nothing is recorded and nothing is read', async () => {
  metrics[Symbol.dispose]();
  channel('offloop:block').publish({ cause: 'gc', duration: 150 });
  expect(await sdk.read()).toEqual({});
});
