/** What is exposed to Prometheus: names, units and meaning after its conventions (base units, `_total`, no unit in a label). */
import type { SlowReport } from '../base/slow-report.ts';
import type { ExecutorStats } from '../executors/executor.ts';
import type { Percentiles } from '../executors/percentiles.ts';
import type { ExecutorFigures, Totals } from './executor-totals.ts';
import type { LoopFigures } from './loop-meter.ts';

/** All figures of one scrape. */
export interface Look {
  readonly executors: readonly ExecutorFigures[];
  readonly loop: LoopFigures | null;
  readonly blocks: ReadonlyMap<SlowReport['cause'], { readonly count: number; readonly time: number }>;
}

export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Where it differs from the family's. */
  readonly metricName?: string;
}

export interface FamilyDefinition {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'summary';
  /** How the figures of the processes of a cluster are put together. */
  readonly aggregator: 'sum' | 'max' | 'average';
  samples(look: Look): Sample[];
}

const seconds = (ms: number): number => ms / 1000;
const quantiles = [
  [0.5, 'p50'],
  [0.9, 'p90'],
  [0.99, 'p99'],
] as const;

function total(name: string, help: string, key: 'respawned' | 'recycled'): FamilyDefinition {
  const samples = ({ executors }: Look): Sample[] =>
    executors.map(({ name, totals }) => ({ labels: { executor: name }, value: totals[key] }));
  return { name, help, type: 'counter', aggregator: 'sum', samples };
}

type Living = ExecutorFigures['living'];
const sumOf =
  (value: (stats: ExecutorStats) => number) =>
  (living: Living): number =>
    living.reduce((sum, stats) => sum + value(stats), 0);

/** What is true of the executors of a name at this moment; nothing when none of them lives. */
function gauge(name: string, help: string, value: (living: Living) => number): FamilyDefinition {
  const samples = ({ executors }: Look): Sample[] =>
    present(executors).map(({ name, living }) => ({ labels: { executor: name }, value: value(living) }));
  return { name, help, type: 'gauge', aggregator: 'sum', samples };
}

function present(executors: readonly ExecutorFigures[]): readonly ExecutorFigures[] {
  return executors.filter(({ living }) => living.length > 0);
}

/** Quantiles of several executors of one name: the worst of them. */
function durations(
  name: string,
  help: string,
  of: (stats: ExecutorStats) => Percentiles,
  sum: (totals: Totals) => Totals['wait'],
): FamilyDefinition {
  const samples = ({ executors }: Look): Sample[] =>
    executors.flatMap(({ name: executor, living, totals }) => [
      ...(living.length === 0 ? [] : quantiles).map(([quantile, key]) => ({
        labels: { executor, quantile },
        value: seconds(Math.max(...living.map((stats) => of(stats)[key]))),
      })),
      { labels: { executor }, value: seconds(sum(totals).sum), metricName: `${name}_sum` },
      { labels: { executor }, value: sum(totals).count, metricName: `${name}_count` },
    ]);
  return { name, help, type: 'summary', aggregator: 'sum', samples };
}

const states: Readonly<Record<string, (living: Living) => number>> = {
  busy: sumOf(({ busy }) => busy),
  idle: sumOf(({ idle }) => idle),
  starting: sumOf(({ workers, busy, idle }) => workers - busy - idle),
};

const workers: FamilyDefinition = {
  name: 'offloop_executor_workers',
  help: 'Workers of an executor by what they do now.',
  type: 'gauge',
  aggregator: 'sum',
  samples: ({ executors }) =>
    present(executors).flatMap(({ name: executor, living }) =>
      Object.entries(states).map(([state, count]) => ({ labels: { executor, state }, value: count(living) })),
    ),
};

const jobs: FamilyDefinition = {
  name: 'offloop_jobs_total',
  help: 'Jobs that have ended, by outcome.',
  type: 'counter',
  aggregator: 'sum',
  samples: ({ executors }) =>
    executors.flatMap(({ name: executor, totals }) =>
      (['completed', 'failed', 'cancelled'] as const).map((outcome) => ({ labels: { executor, outcome }, value: totals[outcome] })),
    ),
};

const utilization: FamilyDefinition = {
  ...gauge(
    'offloop_executor_utilization_ratio',
    'Share of its workers’ time that an executor has spent in jobs since it was made, 0 to 1.',
    (living) => Math.max(...living.map((stats) => stats.utilization)),
  ),
  aggregator: 'average',
};

export const executorFamilies: readonly FamilyDefinition[] = [
  workers,
  gauge(
    'offloop_executor_queued_jobs',
    'Jobs that wait for a worker.',
    sumOf(({ queued }) => queued),
  ),
  gauge(
    'offloop_executor_running_jobs',
    'Jobs that run.',
    sumOf(({ running }) => running),
  ),
  utilization,
  jobs,
  total('offloop_worker_respawns_total', 'Workers that were started in place of one that died or was killed.', 'respawned'),
  total('offloop_worker_recycles_total', 'Workers that were replaced because they had served long enough.', 'recycled'),
  durations(
    'offloop_job_wait_seconds',
    'Time from submit until a job was handed to a worker; quantiles since the executor was made.',
    ({ waitTime }) => waitTime,
    ({ wait }) => wait,
  ),
  durations(
    'offloop_job_run_seconds',
    'Time that workers spent on a job; quantiles since the executor was made.',
    ({ runTime }) => runTime,
    ({ run }) => run,
  ),
];

export const loopFamilies: readonly FamilyDefinition[] = [
  {
    name: 'offloop_loop_delay_seconds',
    help: 'How late the event loop was, since the last scrape; quantile 1 is the longest delay.',
    type: 'gauge',
    aggregator: 'max',
    samples: ({ loop }) =>
      loop === null
        ? []
        : [...quantiles, [1, 'max'] as const].map(([quantile, key]) => ({ labels: { quantile }, value: seconds(loop.delay[key]) })),
  },
  {
    name: 'offloop_loop_utilization_ratio',
    help: 'Share of the time that the event loop was busy, since the last scrape, 0 to 1.',
    type: 'gauge',
    aggregator: 'average',
    samples: ({ loop }) => (loop === null ? [] : [{ labels: {}, value: loop.utilization }]),
  },
  {
    name: 'offloop_loop_blocks_total',
    help: 'Blocks of the event loop that a LoopMonitor has seen, by cause.',
    type: 'counter',
    aggregator: 'sum',
    samples: ({ blocks }) => [...blocks].map(([cause, { count }]) => ({ labels: { cause }, value: count })),
  },
  {
    name: 'offloop_loop_blocked_seconds_total',
    help: 'Time for which the event loop was blocked, as a LoopMonitor has seen it, by cause.',
    type: 'counter',
    aggregator: 'sum',
    samples: ({ blocks }) => [...blocks].map(([cause, { time }]) => ({ labels: { cause }, value: seconds(time) })),
  },
];
