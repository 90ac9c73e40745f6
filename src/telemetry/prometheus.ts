/**
 * The figures of offloop for Prometheus, through prom-client. Nothing is counted for it while work goes on: a scrape reads `statistics()`.
 *
 * @module offloop/prometheus
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Metric, Registry } from 'prom-client';
import { InvalidStateError } from '../base/errors.ts';
import type { SlowReport } from '../base/slow-report.ts';
import { checkBoolean, ownOptions, wrongType } from '../base/validate.ts';
import { ExecutorTotals } from './executor-totals.ts';
import { listen } from './listen.ts';
import { LoopMeter } from './loop-meter.ts';
import { loadPackage } from './optional-package.ts';
import { executorFamilies, loopFamilies } from './prometheus-families.ts';
import type { FamilyDefinition, Look } from './prometheus-families.ts';

export interface CollectOptions {
  /** False: only executors, nothing about the event loop. Default true. */
  loop?: boolean;
}

/** What a registry asks of a metric. Its own classes count by themselves; these figures have been counted. */
class Family {
  name: string; // written by the registry when it speaks OpenMetrics
  readonly help: string;
  readonly type: FamilyDefinition['type'];
  readonly aggregator: FamilyDefinition['aggregator'];
  readonly #definition: FamilyDefinition;
  readonly #look: () => Look;

  constructor(definition: FamilyDefinition, look: () => Look) {
    this.name = definition.name;
    this.help = definition.help;
    this.type = definition.type;
    this.aggregator = definition.aggregator;
    this.#definition = definition;
    this.#look = look;
  }

  async get(): Promise<object> {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: this.#definition.samples(this.#look()) };
  }

  /** `registry.resetMetrics()` is for figures that prom-client counts. */
  reset(): void {}
}

class Collector implements Disposable {
  readonly #registry: Registry;
  readonly #totals = new ExecutorTotals();
  readonly #loop: LoopMeter | null;
  readonly #blocks = new Map<SlowReport['cause'], { count: number; time: number }>();
  readonly #names: readonly string[];
  readonly #stop: () => void;
  #look: Look | null = null;

  constructor(registry: Registry, loop: boolean) {
    this.#registry = registry;
    this.#loop = loop ? new LoopMeter() : null;
    const definitions = loop ? [...executorFamilies, ...loopFamilies] : executorFamilies;
    this.#names = definitions.map(({ name }) => name);
    for (const definition of definitions) {
      const family = new Family(definition, () => this.#lookOnce());
      registry.registerMetric(family as unknown as Metric);
    }
    this.#stop = listen({ 'offloop:block': (report: SlowReport) => this.#blocked(report) });
  }

  #blocked({ cause, duration }: SlowReport): void {
    const { count, time } = this.#blocks.get(cause) ?? { count: 0, time: 0 };
    this.#blocks.set(cause, { count: count + 1, time: time + duration });
  }

  /** A registry asks all its metrics in one go: they answer from one look. */
  #lookOnce(): Look {
    if (this.#look === null) {
      this.#look = { executors: this.#totals.read(), loop: this.#loop?.read() ?? null, blocks: this.#blocks };
      queueMicrotask(() => (this.#look = null));
    }
    return this.#look;
  }

  [Symbol.dispose](): void {
    for (const name of this.#names) this.#registry.removeSingleMetric(name);
    this.#loop?.[Symbol.dispose]();
    this.#totals[Symbol.dispose]();
    this.#stop();
  }
}

const entry = 'offloop/prometheus';
const defaultRegistry = (): Registry => (loadPackage('prom-client', entry) as typeof import('prom-client')).register;

/**
 * Registers offloop's metrics in `registry`, by default prom-client's own. They are read when the registry is asked for its
 * metrics. Counts and sums go on when an executor ends and another one of its name is made. Disposing the result removes them.
 * Throws InvalidStateError when prom-client is not installed, or the registry has these metrics already.
 */
export function collect(registry?: Registry, options?: CollectOptions): Disposable {
  if (registry !== undefined) checkRegistry(registry);
  const o = ownOptions<CollectOptions>('options', options, ['loop']);
  if (o.loop !== undefined) checkBoolean('options.loop', o.loop);
  const target = registry ?? defaultRegistry();
  if (target.getSingleMetric('offloop_jobs_total') !== undefined) {
    throw new InvalidStateError('This registry collects the metrics of offloop already: dispose what collect() returned first');
  }
  return new Collector(target, o.loop ?? true);
}

/**
 * For `createServer(metricsHandler())` or one route of yours: answers GET and HEAD with the metrics of `registry` as text, by
 * default of prom-client's own, and other methods with 405. When a metric fails, the answer is 500 and says which error it was.
 * Throws InvalidStateError when prom-client is not installed.
 */
export function metricsHandler(registry?: Registry): (req: IncomingMessage, res: ServerResponse) => void {
  if (registry !== undefined) checkRegistry(registry);
  const source = registry ?? defaultRegistry();
  return (req, res) => void answer(source, req, res);
}

async function answer(source: Registry, { method }: IncomingMessage, res: ServerResponse): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') return void res.writeHead(405, { allow: 'GET, HEAD' }).end();
  try {
    const text = await source.metrics();
    res.writeHead(200, { 'content-type': source.contentType, 'content-length': Buffer.byteLength(text) });
    res.end(method === 'HEAD' ? undefined : text);
  } catch (error) {
    res.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' }).end(`The metrics cannot be read: ${String(error)}\n`);
  }
}

function checkRegistry(registry: unknown): void {
  const { registerMetric, metrics } = (registry ?? {}) as Partial<Registry>;
  if (typeof registerMetric !== 'function' || typeof metrics !== 'function')
    throw wrongType('registry', 'a Registry of prom-client', registry);
}
