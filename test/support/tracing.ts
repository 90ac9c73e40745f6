/** Real OpenTelemetry SDKs that keep what they are told. */
import type { Attributes } from '@opentelemetry/api';
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

export interface Tracing {
  readonly provider: BasicTracerProvider;
  readonly exporter: InMemorySpanExporter;
}

export function tracing(): Tracing {
  const exporter = new InMemorySpanExporter();
  return { exporter, provider: new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }) };
}

export interface Point {
  readonly attributes: Attributes;
  readonly value: unknown;
}

export interface Metering {
  readonly provider: MeterProvider;
  /** Collects, and gives the points of each metric. */
  read(): Promise<Record<string, Point[]>>;
  stop(): Promise<void>;
}

export function metering(): Metering {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 31 - 1, exportTimeoutMillis: 10_000 });
  const provider = new MeterProvider({ readers: [reader] });
  return {
    provider,
    async read() {
      exporter.reset();
      await reader.forceFlush();
      const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
      return Object.fromEntries(all.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints as Point[]]));
    },
    stop: () => provider.shutdown(),
  };
}
