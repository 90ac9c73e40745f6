/** Against the real tracing SDK. */
import * as api from '@opentelemetry/api';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { run } from '../../src/core/run.ts';
import { traceActors } from '../../src/telemetry/actor-spans.ts';
import { Traced } from '../fixtures/jobs/traced.ts';
import { Pair } from '../support/actor-pair.ts';
import { tracing } from '../support/tracing.ts';
import type { Tracing } from '../support/tracing.ts';
import { failure } from '../support/virtual.ts';

let sdk: Tracing;
let end: () => void;
beforeEach(() => {
  sdk = tracing();
  end = traceActors(api, sdk.provider.getTracer('test'));
});
afterEach(() => end());
const spanOf = (name: string): ReadableSpan => sdk.exporter.getFinishedSpans().find((span) => span.name === name)!;

it('a call is a child of the span that is active where it is made, and the parent of what its method traces in the worker', async () => {
  const request = sdk.provider.getTracer('test').startSpan('GET /');
  const seen = await context.with(trace.setSpan(context.active(), request), async () => {
    const remote = await Traced.spawn();
    const answer = await remote.activeSpan();
    await remote[Symbol.asyncDispose]();
    return answer;
  });
  const span = spanOf('Traced.activeSpan');
  expect(span.parentSpanContext?.spanId).toBe(request.spanContext().spanId);
  expect(seen).toBe(`${request.spanContext().traceId} ${span.spanContext().spanId}`);
  expect(span.attributes).toEqual({
    'code.function.name': 'Traced.activeSpan',
    'offloop.actor.name': 'Traced',
    'offloop.call.outcome': 'completed',
  });
  expect(spanOf('Traced.constructor').parentSpanContext?.spanId).toBe(request.spanContext().spanId);
});

it('one that fails records its error, one that is cancelled is no error', async () => {
  class Thing {
    fails(): never {
      throw new RangeError('no');
    }
    never(): Promise<void> {
      return new Promise(() => {});
    }
  }
  const { remote } = await Pair.of(Thing);
  await failure(remote.fails());
  await run(() => moveOnAfter(5, () => remote.never()));
  const failed = spanOf('Thing.fails');
  expect(failed.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no' });
  expect(failed.attributes).toMatchObject({ 'error.type': 'RangeError', 'offloop.call.outcome': 'failed' });
  expect(failed.events).toMatchObject([{ name: 'exception', attributes: { 'exception.type': 'RangeError' } }]);
  expect(spanOf('Thing.never')).toMatchObject({
    status: { code: SpanStatusCode.UNSET },
    attributes: { 'offloop.call.outcome': 'cancelled' },
  });
});

it('a call that began before anybody traced, and one that ends when nobody does any more, make no span', async () => {
  class Thing {
    open: () => void = () => {};
    wait(): Promise<void> {
      return new Promise((resolve) => (this.open = resolve));
    }
    go(): void {
      this.open();
    }
  }
  const { remote } = await Pair.of(Thing);
  end();
  const early = remote.wait();
  end = traceActors(api, sdk.provider.getTracer('test'));
  await Promise.all([remote.go(), early]);
  const late = remote.wait();
  end();
  await Promise.all([remote.go(), late]);
  expect(sdk.exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['Thing.constructor', 'Thing.go']);
});
