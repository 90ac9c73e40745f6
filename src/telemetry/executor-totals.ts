/**
 * The figures of all executors, by name. What executors have counted that are gone by now still counts: totals only ever grow,
 * although a `run()` makes its default executor on demand and ends it.
 */
import { living } from '../base/live.ts';
import type { ExecutorStats } from '../executors/executor.ts';
import type { ExecutorEndedEvent } from '../executors/job-events.ts';
import type { Percentiles } from '../executors/percentiles.ts';
import { listen } from './listen.ts';

/** Milliseconds. */
interface Sum {
  sum: number;
  count: number;
}

/** What only grows. */
export interface Totals {
  completed: number;
  failed: number;
  cancelled: number;
  respawned: number;
  recycled: number;
  wait: Sum;
  run: Sum;
}

export interface ExecutorFigures {
  readonly name: string;
  readonly totals: Totals;
  /** Of those that live: several, when they have one name. */
  readonly living: readonly ExecutorStats[];
}

const counted = ['completed', 'failed', 'cancelled', 'respawned', 'recycled'] as const;

function nothing(): Totals {
  return { completed: 0, failed: 0, cancelled: 0, respawned: 0, recycled: 0, wait: { sum: 0, count: 0 }, run: { sum: 0, count: 0 } };
}

function addTime(to: Sum, { mean, count }: Percentiles): void {
  to.sum += mean * count;
  to.count += count;
}

function add(to: Totals, stats: ExecutorStats): void {
  for (const key of counted) to[key] += stats[key];
  addTime(to.wait, stats.waitTime);
  addTime(to.run, stats.runTime);
}

export class ExecutorTotals implements Disposable {
  readonly #gone = new Map<string, Totals>();
  readonly #stop = listen({
    'offloop:executor:ended': ({ executor, statistics }: ExecutorEndedEvent) =>
      add(entryOf(this.#gone, executor.name, nothing), statistics),
  });

  read(): ExecutorFigures[] {
    const all = new Map<string, { name: string; totals: Totals; living: ExecutorStats[] }>();
    const of = (name: string): { totals: Totals; living: ExecutorStats[] } =>
      entryOf(all, name, () => ({ name, totals: structuredClone(this.#gone.get(name) ?? nothing()), living: [] }));
    for (const name of this.#gone.keys()) of(name);
    for (const [object, name] of living('executor')) {
      const stats = object.statistics() as ExecutorStats;
      const figures = of(name);
      figures.living.push(stats);
      add(figures.totals, stats);
    }
    return [...all.values()];
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}

function entryOf<T>(map: Map<string, T>, key: string, make: () => T): T {
  let entry = map.get(key);
  if (entry === undefined) map.set(key, (entry = make()));
  return entry;
}
