/** Against the real tracing SDK. */
import { channel } from 'node:diagnostics_channel';
import * as api from '@opentelemetry/api';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProcessPoolExecutor, ThreadPoolExecutor } from '../../src/index.ts';
import { errorType, JobSpans } from '../../src/telemetry/job-spans.ts';
import { activeSpan, fails } from '../fixtures/jobs/traced.ts';
import { fakePool } from '../support/fake-worker.ts';
import { tracing } from '../support/tracing.ts';
import type { Tracing } from '../support/tracing.ts';
import { failure } from '../support/virtual.ts';

let sdk: Tracing;
let spans: JobSpans;
beforeEach(() => {
  sdk = tracing();
  spans = new JobSpans(api, sdk.provider.getTracer('test'));
});
afterEach(() => spans[Symbol.dispose]());
const finished = (): ReadableSpan[] => sdk.exporter.getFinishedSpans();

describe('a job’s span', () => {
  it('is a child of the span that is active where it is submitted, and the parent of what its code traces in the worker', async () => {
    const executor = new ThreadPoolExecutor({ max: 1, name: 'pool' });
    const request = sdk.provider.getTracer('test').startSpan('GET /');
    const seen = await context.with(trace.setSpan(context.active(), request), () => executor.submit(activeSpan, []));
    await executor.shutdown();
    const [span] = finished() as [ReadableSpan];
    expect(span).toMatchObject({ name: 'activeSpan', kind: SpanKind.INTERNAL, status: { code: SpanStatusCode.UNSET } });
    expect(span.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
    expect(seen).toBe(`${request.spanContext().traceId} ${span.spanContext().spanId}`);
    expect(span.attributes).toEqual({
      'code.function.name': 'activeSpan',
      'code.file.path': fileURLToPath(new URL('../fixtures/jobs/traced.ts', import.meta.url)),
      'offloop.executor.name': 'pool',
      'offloop.executor.kind': 'thread',
      'offloop.job.wait_time': expect.any(Number) as number,
      'offloop.job.run_time': expect.any(Number) as number,
      'offloop.job.outcome': 'completed',
      'thread.id': expect.any(Number) as number,
    });
    expect(span.events.map(({ name }) => name)).toEqual(['offloop.job.started']);
  });

  it('records an error; the worker of a process pool is told by its pid', async () => {
    const executor = new ProcessPoolExecutor({ max: 1 });
    await failure(executor.submit(fails, ['no']));
    await executor.shutdown();
    const [span] = finished() as [ReadableSpan];
    expect(span.parentSpanContext).toBeUndefined();
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no' });
    expect(span.attributes).toMatchObject({
      'error.type': 'RangeError',
      'offloop.job.outcome': 'failed',
      'process.pid': expect.any(Number) as number,
    });
    const [, exception] = span.events;
    expect(exception).toMatchObject({ name: 'exception', attributes: { 'exception.type': 'RangeError', 'exception.message': 'no' } });
  });

  it('of a cancelled job is no error, and ends although the job never ran', () => {
    const pool = fakePool();
    pool.submit({ name: 'first' });
    pool.last.claim();
    pool.submit({ name: 'second' }).cancel();
    const [span] = finished() as [ReadableSpan];
    expect(span).toMatchObject({
      name: 'second',
      status: { code: SpanStatusCode.UNSET },
      attributes: { 'offloop.job.outcome': 'cancelled' },
    });
    expect(span.attributes).not.toHaveProperty('offloop.job.wait_time');
    expect(span.events).toEqual([]);
  });

  it('of a job that goes to another machine says so as messaging does', () => {
    const job = {};
    const about = { job, id: 1, name: 'f', function: { name: '' }, executor: { name: 'images', kind: 'remote' } };
    channel('offloop:job:submitted').publish({ ...about, context: undefined });
    channel('offloop:job:ended').publish({ ...about, outcome: 'failed', waitTime: null, runTime: null, error: 'text' });
    channel('offloop:job:ended').publish({ ...about, outcome: 'failed' }); // of a job that it does not know
    expect(finished()).toMatchObject([
      {
        kind: SpanKind.PRODUCER,
        attributes: { 'messaging.operation.type': 'send', 'messaging.destination.name': 'images', 'error.type': 'string' },
        status: { code: SpanStatusCode.ERROR, message: 'text' },
      },
    ]);
  });

  it('is made no more after disposal', () => {
    spans[Symbol.dispose]();
    const pool = fakePool();
    pool.submit();
    pool.last.run();
    expect(finished()).toEqual([]);
  });
});

it('errors are grouped by code, else by class', () => {
  expect([errorType(Object.assign(new Error(''), { code: 'EPIPE' })), errorType(new RangeError('')), errorType(null)]).toEqual([
    'EPIPE',
    'RangeError',
    'object',
  ]);
});
