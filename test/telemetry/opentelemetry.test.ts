import { channel } from 'node:diagnostics_channel';
import { metrics, trace } from '@opentelemetry/api';
import { afterEach, expect, it } from 'vitest';
import { instrument } from '../../src/telemetry/opentelemetry.ts';
import { fakePool } from '../support/fake-worker.ts';
import { metering, tracing } from '../support/tracing.ts';
import { failure, refusal } from '../support/virtual.ts';

const jobs = ['offloop:job:submitted', 'offloop:job:started', 'offloop:job:ended'];
const calls = ['offloop:actor:call:started', 'offloop:actor:call:ended'];
const watched = [...jobs, ...calls, 'offloop:block', 'offloop:executor:ended'];
const listened = (): string[] => watched.filter((name) => channel(name).hasSubscribers);

afterEach(() => {
  trace.disable();
  metrics.disable();
});

function oneJob(): void {
  const pool = fakePool();
  pool.submit();
  pool.last.run();
}

it('uses what is registered with the API, until it is disposed of', async () => {
  const [spans, meters] = [tracing(), metering()];
  trace.setGlobalTracerProvider(spans.provider);
  metrics.setGlobalMeterProvider(meters.provider);
  const instrumented = instrument();
  oneJob();
  expect(spans.exporter.getFinishedSpans()).toMatchObject([{ name: 'f', instrumentationScope: { name: 'offloop' } }]);
  expect(await meters.read()).toHaveProperty(['offloop.job.run.duration']);
  instrumented[Symbol.dispose]();
  instrumented[Symbol.dispose]();
  oneJob();
  expect(spans.exporter.getFinishedSpans()).toHaveLength(1);
  expect(listened()).toEqual([]);
  await meters.stop();
});

it('takes other providers, and either half alone', async () => {
  const [spans, meters] = [tracing(), metering()];
  const providers = { tracerProvider: spans.provider, meterProvider: meters.provider };
  const traced = instrument({ ...providers, metrics: false });
  oneJob();
  expect([spans.exporter.getFinishedSpans().length, Object.keys(await meters.read())]).toEqual([1, []]);
  traced[Symbol.dispose]();
  const measured = instrument({ ...providers, tracing: false });
  oneJob();
  expect([spans.exporter.getFinishedSpans().length, Object.keys(await meters.read()).length > 5]).toEqual([1, true]);
  measured[Symbol.dispose]();
  await meters.stop();
});

it('costs a program without an SDK its events and nothing else: the API does nothing then', () => {
  const instrumented = instrument();
  oneJob();
  instrumented[Symbol.dispose]();
  expect(listened()).toEqual([]);
});

it('one at a time, and with providers that are some', async () => {
  const instrumented = instrument();
  expect(await refusal(() => instrument())).toBe(
    'InvalidStateError OFFLOOP_INVALID_STATE: offloop is instrumented already: dispose what instrument() returned first',
  );
  instrumented[Symbol.dispose]();
  expect(await refusal(() => instrument({ tracing: 'yes' as unknown as boolean }))).toContain('options.tracing');
  expect(await refusal(() => instrument({ tracerProvider: {} as never }))).toContain(
    'options.tracerProvider to be an object with getTracer()',
  );
  expect(await refusal(() => instrument({ meterProvider: null as never }))).toContain('options.meterProvider');
});

it('leaves nothing behind when a provider fails', async () => {
  const getMeter = (): never => {
    throw new RangeError('no');
  };
  expect(await failure(() => instrument({ meterProvider: { getMeter } }))).toMatchObject({ message: 'no' });
  expect(listened()).toEqual([]);
  instrument()[Symbol.dispose]();
});
