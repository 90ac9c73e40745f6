/** A span for each block of the event loop that a LoopMonitor tells of: it shows in a trace view what nothing else ran beside. */
import type { Attributes, Tracer } from '@opentelemetry/api';
import type { SlowReport } from '../base/slow-report.ts';
import { listen } from './listen.ts';

/** The report comes when the block is over, so the span is made with its times. It is a root: one block holds up many requests. */
export function traceBlocks(tracer: Tracer): () => void {
  return listen({
    'offloop:block': (report: SlowReport) =>
      tracer
        .startSpan('event loop blocked', { root: true, startTime: report.at, attributes: attributesOf(report) })
        .end(report.at + report.duration),
  });
}

function attributesOf({ cause, confidence, thread, where, task }: SlowReport): Attributes {
  const attributes: Attributes = { 'offloop.block.cause': cause, 'offloop.block.confidence': confidence, 'thread.id': thread };
  if (task !== undefined) attributes['offloop.task.name'] = task.name;
  if (where === undefined) return attributes;
  attributes['code.file.path'] = where.file;
  attributes['code.line.number'] = where.line;
  attributes['code.column.number'] = where.column;
  if (where.fn !== '') attributes['code.function.name'] = where.fn;
  if (where.native !== undefined) attributes['offloop.block.native'] = where.native;
  return attributes;
}
