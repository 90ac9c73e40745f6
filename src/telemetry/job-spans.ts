/**
 * A span for each job, from submit to end: child of the span that is active where the job is submitted, and parent of whatever
 * the job's code traces in its worker, when OpenTelemetry is set up there, too.
 */
import { fileURLToPath } from 'node:url';
import type { Attributes, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import type { JobEndedEvent, JobEvent, JobStartedEvent, JobSubmittedEvent } from '../executors/job-events.ts';
import { listen } from './listen.ts';

type Api = typeof import('@opentelemetry/api');

export class JobSpans implements Disposable {
  readonly #api: Api;
  readonly #tracer: Tracer;
  /** Of jobs that have not ended. Weak: an executor of another copy of the package may never tell the end. */
  readonly #spans = new WeakMap<object, Span>();
  readonly #stop: () => void;

  constructor(api: Api, tracer: Tracer) {
    this.#api = api;
    this.#tracer = tracer;
    this.#stop = listen({
      'offloop:job:submitted': (event: JobSubmittedEvent) => this.#submitted(event),
      'offloop:job:started': (event: JobStartedEvent) => this.#started(event),
      'offloop:job:ended': (event: JobEndedEvent) => this.#ended(event),
    });
  }

  #submitted(event: JobSubmittedEvent): void {
    const { context, SpanKind, trace } = this.#api;
    const options: SpanOptions = {
      kind: event.executor.kind === 'remote' ? SpanKind.PRODUCER : SpanKind.INTERNAL,
      attributes: attributesOf(event),
    };
    const span = this.#tracer.startSpan(event.name, options, context.active());
    this.#spans.set(event.job, span);
    event.context = trace.setSpan(context.active(), span);
  }

  #started({ job, executor, waitTime, worker }: JobStartedEvent): void {
    const span = this.#spans.get(job);
    if (span === undefined) return;
    const attributes: Attributes = { 'offloop.job.wait_time': waitTime / 1000 };
    if (worker !== undefined) attributes[executor.kind === 'process' ? 'process.pid' : 'thread.id'] = worker;
    span.setAttributes(attributes);
    span.addEvent('offloop.job.started');
  }

  #ended({ job, outcome, runTime, error }: JobEndedEvent): void {
    const span = this.#spans.get(job);
    if (span === undefined) return;
    this.#spans.delete(job);
    span.setAttribute('offloop.job.outcome', outcome);
    if (runTime !== null) span.setAttribute('offloop.job.run_time', runTime / 1000);
    if (outcome === 'failed') recordFailure(this.#api, span, error);
    span.end();
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}

/** By the semantic conventions, where there are some. */
function attributesOf({ function: fn, executor }: JobEvent): Attributes {
  const attributes: Attributes = { 'offloop.executor.name': executor.name, 'offloop.executor.kind': executor.kind };
  if (fn.name !== '') attributes['code.function.name'] = fn.name;
  if (fn.module?.startsWith('file:') === true) attributes['code.file.path'] = fileURLToPath(fn.module);
  if (executor.kind === 'remote') {
    attributes['messaging.operation.type'] = 'send';
    attributes['messaging.destination.name'] = executor.name;
  }
  return attributes;
}

export function recordFailure({ SpanStatusCode }: Api, span: Span, error: unknown): void {
  span.setAttribute('error.type', errorType(error));
  span.recordException(error instanceof Error ? error : String(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
}

/** A class or code of which there are few: what errors are grouped by. */
export function errorType(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  if (typeof code === 'string' && code !== '') return code;
  return error instanceof Error ? error.name : typeof error;
}
