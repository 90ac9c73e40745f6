/**
 * Spans and metrics through the OpenTelemetry API, for whichever SDK the program has set up.
 *
 * @module offloop/opentelemetry
 */
import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { InvalidStateError } from '../base/errors.ts';
import { checkBoolean, ownOptions, wrongType } from '../base/validate.ts';
import { traceActors } from './actor-spans.ts';
import { traceBlocks } from './block-spans.ts';
import { JobSpans } from './job-spans.ts';
import { loadPackage } from './optional-package.ts';
import { OtelMetrics } from './otel-metrics.ts';

export interface InstrumentOptions {
  /** A span for each job, each call of an actor, and each block that a LoopMonitor sees. Default true. */
  tracing?: boolean;
  /** Histograms of jobs and blocks; what executors and the loop are doing. Default true. */
  metrics?: boolean;
  /** Default: the one that is registered with the API. */
  tracerProvider?: TracerProvider;
  /** Default: the one that is registered with the API. */
  meterProvider?: MeterProvider;
}

const SCOPE = 'offloop';
let active = false;

/**
 * Begins to trace and to measure; disposing the result ends it. Call it after the SDK has been set up, and before jobs are
 * submitted. The trace travels with each job: code that is traced in a worker, too, belongs to the job's span.
 * Throws InvalidStateError when `@opentelemetry/api` is not installed, or while a former call is in effect.
 */
export function instrument(options?: InstrumentOptions): Disposable {
  const o = ownOptions<InstrumentOptions>('options', options, ['tracing', 'metrics', 'tracerProvider', 'meterProvider']);
  if (o.tracing !== undefined) checkBoolean('options.tracing', o.tracing);
  if (o.metrics !== undefined) checkBoolean('options.metrics', o.metrics);
  checkProvider('tracerProvider', 'getTracer', o.tracerProvider);
  checkProvider('meterProvider', 'getMeter', o.meterProvider);
  const api = loadPackage('@opentelemetry/api', 'offloop/opentelemetry') as typeof import('@opentelemetry/api');
  if (active) throw new InvalidStateError('offloop is instrumented already: dispose what instrument() returned first');
  const undo: (() => void)[] = [];
  const end = (): void => {
    for (const step of undo.splice(0)) step();
  };
  try {
    if (o.tracing !== false) trace(api, o.tracerProvider ?? api.trace, undo);
    if (o.metrics !== false) measure(o.meterProvider ?? api.metrics, undo);
  } catch (error) {
    end(); // half of it would be in effect, and nobody could end it
    throw error;
  }
  active = true;
  undo.push(() => (active = false));
  return { [Symbol.dispose]: end };
}

function trace(api: typeof import('@opentelemetry/api'), provider: Pick<TracerProvider, 'getTracer'>, undo: (() => void)[]): void {
  const tracer = provider.getTracer(SCOPE);
  const spans = new JobSpans(api, tracer);
  undo.push(() => spans[Symbol.dispose](), traceActors(api, tracer), traceBlocks(tracer));
}

function measure(provider: Pick<MeterProvider, 'getMeter'>, undo: (() => void)[]): void {
  const metrics = new OtelMetrics(provider.getMeter(SCOPE));
  undo.push(() => metrics[Symbol.dispose]());
}

function checkProvider(name: string, method: string, provider: unknown): void {
  if (provider === undefined) return;
  if (typeof (provider as Record<string, unknown> | null)?.[method] !== 'function') {
    throw wrongType(`options.${name}`, `an object with ${method}()`, provider);
  }
}
