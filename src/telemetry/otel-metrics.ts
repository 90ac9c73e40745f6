/** The figures of offloop as OpenTelemetry metrics: histograms as jobs end, everything else read when a reader collects. */
import type { Attributes, BatchObservableCallback, BatchObservableResult, Meter, Observable } from '@opentelemetry/api';
import type { SlowReport } from '../base/slow-report.ts';
import type { JobEndedEvent } from '../executors/job-events.ts';
import { ExecutorTotals } from './executor-totals.ts';
import type { ExecutorFigures } from './executor-totals.ts';
import { errorType } from './job-spans.ts';
import { listen } from './listen.ts';
import { LoopMeter } from './loop-meter.ts';

/** Seconds: from a tenth of a millisecond, which small jobs take, to ten seconds. */
const boundaries = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const durations = { unit: 's', advice: { explicitBucketBoundaries: boundaries } };

export class OtelMetrics implements Disposable {
  readonly #meter: Meter;
  readonly #totals = new ExecutorTotals();
  readonly #loop = new LoopMeter();
  readonly #undo: (() => void)[] = [];

  constructor(meter: Meter) {
    this.#meter = meter;
    this.#observeExecutors();
    this.#observeLoop();
    this.#undo.push(this.#record());
  }

  #record(): () => void {
    const meter = this.#meter;
    const wait = meter.createHistogram('offloop.job.wait.duration', {
      description: 'From submit until a worker had the job.',
      ...durations,
    });
    const run = meter.createHistogram('offloop.job.run.duration', { description: 'Time that a worker spent on the job.', ...durations });
    const blocks = meter.createHistogram('offloop.loop.block.duration', {
      description: 'Blocks of the event loop that a LoopMonitor has seen.',
      ...durations,
    });
    return listen({
      'offloop:job:ended': (event: JobEndedEvent) => {
        const attributes = attributesOf(event);
        if (event.waitTime !== null) wait.record(event.waitTime / 1000, attributes);
        if (event.runTime !== null) run.record(event.runTime / 1000, attributes);
      },
      'offloop:block': ({ duration, cause }: SlowReport) => blocks.record(duration / 1000, { 'offloop.block.cause': cause }),
    });
  }

  #observe(observables: Observable[], callback: BatchObservableCallback): void {
    this.#meter.addBatchObservableCallback(callback, observables);
    this.#undo.push(() => this.#meter.removeBatchObservableCallback(callback, observables));
  }

  #observeExecutors(): void {
    const meter = this.#meter;
    const updown = (name: string, unit: string, description: string): Observable =>
      meter.createObservableUpDownCounter(`offloop.executor.${name}`, { unit, description });
    const all = {
      queue: updown('queue.length', '{job}', 'Jobs that wait for a worker.'),
      running: updown('jobs.running', '{job}', 'Jobs that run.'),
      workers: updown('workers', '{worker}', 'Workers by what they do now.'),
      utilization: meter.createObservableGauge('offloop.executor.utilization', {
        unit: '1',
        description: 'Share of its workers’ time that the executor has spent in jobs since it was made.',
      }),
      jobs: meter.createObservableCounter('offloop.executor.jobs', { unit: '{job}', description: 'Jobs that have ended, by outcome.' }),
      respawns: meter.createObservableCounter('offloop.executor.worker.respawns', {
        unit: '{worker}',
        description: 'Workers that were started in place of one that died or was killed.',
      }),
    };
    this.#observe(Object.values(all), (result) => {
      for (const figures of this.#totals.read()) observeExecutor(result, all, figures);
    });
  }

  /** Named after the semantic conventions for Node.js. */
  #observeLoop(): void {
    const meter = this.#meter;
    const quantiles = ['p50', 'p90', 'p99', 'mean', 'max'] as const;
    const delays = quantiles.map((key) => {
      const options = { unit: 's', description: `Event loop delay since the last collection: ${key}.` };
      return [key, meter.createObservableGauge(`nodejs.eventloop.delay.${key}`, options)] as const;
    });
    const utilization = meter.createObservableGauge('nodejs.eventloop.utilization', {
      unit: '1',
      description: 'Share of the time that the event loop was busy since the last collection.',
    });
    this.#observe([...delays.map(([, gauge]) => gauge), utilization], (result) => {
      const loop = this.#loop.read();
      for (const [key, gauge] of delays) result.observe(gauge, loop.delay[key] / 1000);
      result.observe(utilization, loop.utilization);
    });
  }

  [Symbol.dispose](): void {
    for (const undo of this.#undo.splice(0)) undo();
    this.#totals[Symbol.dispose]();
    this.#loop[Symbol.dispose]();
  }
}

type Instruments = Readonly<Record<'queue' | 'running' | 'workers' | 'utilization' | 'jobs' | 'respawns', Observable>>;

function observeExecutor(result: BatchObservableResult, to: Instruments, { name, totals, living }: ExecutorFigures): void {
  const attributes: Attributes = { 'offloop.executor.name': name };
  for (const outcome of ['completed', 'failed', 'cancelled'] as const) {
    result.observe(to.jobs, totals[outcome], { ...attributes, 'offloop.job.outcome': outcome });
  }
  result.observe(to.respawns, totals.respawned, attributes);
  const sum = (of: (stats: (typeof living)[number]) => number): number => living.reduce((n, stats) => n + of(stats), 0);
  result.observe(
    to.queue,
    sum(({ queued }) => queued),
    attributes,
  );
  result.observe(
    to.running,
    sum(({ running }) => running),
    attributes,
  );
  result.observe(
    to.workers,
    sum(({ busy }) => busy),
    { ...attributes, 'offloop.worker.state': 'busy' },
  );
  result.observe(
    to.workers,
    sum(({ idle }) => idle),
    { ...attributes, 'offloop.worker.state': 'idle' },
  );
  if (living.length > 0) result.observe(to.utilization, Math.max(...living.map(({ utilization }) => utilization)), attributes);
}

function attributesOf({ name, executor, outcome, error }: JobEndedEvent): Attributes {
  const attributes: Attributes = { 'offloop.executor.name': executor.name, 'offloop.job.name': name, 'offloop.job.outcome': outcome };
  if (outcome === 'failed') attributes['error.type'] = errorType(error);
  return attributes;
}
