/** Answers of a watched thread, made up. */
import type { RawFrame, Sample } from '../../src/monitor/sample.ts';
import type { StackFrame } from '../../src/base/slow-report.ts';
import type { Told } from '../../src/monitor/told.ts';
import type { BlockLine, EndLine, LagLine, StartLine } from '../../src/report/model.ts';

export const frame = (fn: string, line: number, more: Partial<RawFrame> = {}): RawFrame => ({
  fn,
  file: '/app/a.js',
  line,
  column: 3,
  ...more,
});

/** Asked and answered at `at`, by the functions given, innermost first. */
export function sample(at: number, frames: readonly RawFrame[], more: Partial<Sample> = {}): Sample {
  return { asked: at, at: at + 0.2, frames, callback: '1', ...more };
}

export const told: Told = {
  at: 0,
  duration: 135,
  threshold: 100,
  cause: 'javascript',
  confidence: 'exact',
  where: { fn: 'renderLines', file: `${process.cwd()}/src/invoice.ts`, line: 88, column: 17 },
  stack: [
    { fn: 'renderLines', file: `${process.cwd()}/src/invoice.ts`, line: 88, column: 17 },
    { fn: 'handler', file: `${process.cwd()}/src/routes.ts`, line: 31, column: 1 },
    { fn: 'withTx', file: `${process.cwd()}/src/db.ts`, line: 12, column: 1, async: true },
  ],
  task: { id: 42, name: 'renderInvoice', spawnedAt: `${process.cwd()}/src/routes.ts:20:5` },
  thread: 0,
  cpu: { run: 131, runQueue: 0, gc: 4, callbacks: 1 },
  samples: 13,
  hits: 11,
  debug: false,
};

/** Lines of a log, made up: a run of 60 s from the moment 1,000,000 on. */
export const startLine: StartLine = {
  v: 1,
  type: 'start',
  pid: 4242,
  thread: 0,
  at: 1_000_000,
  node: 'v22.18.0',
  platform: 'linux',
  cwd: '/app',
  command: ['server.ts', '--port=8080'],
  mode: 'watch',
  threshold: 100,
  heartbeat: 25,
};

export const endLine: EndLine = { v: 1, type: 'end', pid: 4242, thread: 0, at: 1_060_000 };

const invoice: StackFrame = { fn: 'renderLines', file: '/app/src/invoice.ts', line: 88, column: 17 };
const handler: StackFrame = { fn: 'handler', file: '/app/src/routes.ts', line: 31, column: 9 };

export function blockLine(start: number, ms: number, more: Partial<BlockLine> = {}): BlockLine {
  return {
    v: 1,
    type: 'block',
    pid: 4242,
    thread: 0,
    start: 1_000_000 + start,
    end: 1_000_000 + start + ms,
    ms,
    threshold: 100,
    cause: 'javascript',
    confidence: 'exact',
    where: invoice,
    stack: [invoice, handler],
    task: { id: 42, name: 'renderInvoice' },
    callbacks: 1,
    cpu: { run: ms, runQueue: 0, gc: 4 },
    samples: 6,
    stacks: [
      { ms: ms * 0.9, count: 5, frames: [invoice, handler] },
      { ms: ms * 0.1, count: 1, frames: [{ fn: 'JSON.stringify', file: '', line: 0, column: 0 }, handler] },
    ],
    seen: 1,
    ...more,
  };
}

export const lagLine = (start: number, end: number, max: number, more: Partial<LagLine> = {}): LagLine => ({
  v: 1,
  type: 'lag',
  pid: 4242,
  thread: 0,
  start: 1_000_000 + start,
  end: 1_000_000 + end,
  delay: { max, mean: max / 10 },
  busy: 100,
  run: 90,
  runQueue: 3,
  gc: 5,
  ...more,
});

export const logOf = (...lines: readonly object[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');
