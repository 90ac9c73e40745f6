/** Answers of a watched thread, made up. */
import type { RawFrame, Sample } from '../../src/monitor/sample.ts';
import type { Told } from '../../src/monitor/told.ts';

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
