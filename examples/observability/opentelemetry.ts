import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { run } from 'offloop';
import { instrument } from 'offloop/opentelemetry';
import { digest, parse } from './jobs.ts';

const exporter = new InMemorySpanExporter(); // yours sends them somewhere
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
instrument();

await run(() =>
  trace.getTracer('shop').startActiveSpan('GET /order', async (request) => {
    await digest('tea');
    await parse('{').catch(() => {});
    request.end();
  }),
);

const spans = exporter.getFinishedSpans();
for (const { name, attributes, parentSpanContext: parent } of spans) {
  const parentName = spans.find((span) => span.spanContext().spanId === parent?.spanId)?.name ?? 'nobody';
  console.log(`${name}, child of ${parentName}:`, attributes['error.type'] ?? attributes['offloop.job.outcome'] ?? 'done');
}
