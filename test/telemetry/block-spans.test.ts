import { channel } from 'node:diagnostics_channel';
import { expect, it } from 'vitest';
import type { SlowReport } from '../../src/base/slow-report.ts';
import { traceBlocks } from '../../src/telemetry/block-spans.ts';
import { tracing } from '../support/tracing.ts';

const report: SlowReport = {
  at: 1_700_000_000_000,
  duration: 135,
  threshold: 100,
  cause: 'native',
  confidence: 'exact',
  where: { fn: 'renderLines', file: '/app/invoice.ts', line: 88, column: 17, native: 'JSON.parse' },
  task: { id: 42, name: 'renderInvoice' },
  thread: 0,
  cpu: { run: 131, runQueue: 0, gc: 0, callbacks: 1 },
  samples: 13,
  message: '',
};

it('a block becomes a span of its own, at the time when it happened, with the line', () => {
  const { provider, exporter } = tracing();
  const stop = traceBlocks(provider.getTracer('test'));
  channel('offloop:block').publish(report);
  const { where: _, task: __, ...unknown } = report;
  channel('offloop:block').publish({ ...unknown, confidence: 'none' });
  stop();
  channel('offloop:block').publish(report);
  const [block, other, ...more] = exporter.getFinishedSpans();
  expect(more).toEqual([]);
  expect(block).toMatchObject({ name: 'event loop blocked', startTime: [1_700_000_000, 0], duration: [0, 135_000_000] });
  expect(block!.parentSpanContext).toBeUndefined();
  expect(block!.attributes).toEqual({
    'offloop.block.cause': 'native',
    'offloop.block.confidence': 'exact',
    'offloop.block.native': 'JSON.parse',
    'offloop.task.name': 'renderInvoice',
    'thread.id': 0,
    'code.file.path': '/app/invoice.ts',
    'code.line.number': 88,
    'code.column.number': 17,
    'code.function.name': 'renderLines',
  });
  expect(other!.attributes).toEqual({ 'offloop.block.cause': 'native', 'offloop.block.confidence': 'none', 'thread.id': 0 });
});
