/** A model as it stands in the page: each block a short row of numbers. */
import type { BlockCause, Confidence } from '../base/slow-report.ts';
import type { PageBlock, PageLag, PageModel, Run } from './page-model.ts';

const causes: readonly BlockCause[] = [
  'javascript',
  'native',
  'many-callbacks',
  'sync-wait',
  'gc',
  'cpu-starved',
  'suspended',
  'startup',
  'unknown',
];
const confidences: readonly Confidence[] = ['exact', 'function', 'near', 'task-only', 'none'];

type BlockRow = readonly (number | null | readonly number[])[];
type LagRow = readonly (number | null)[];

export interface Packed extends Omit<PageModel, 'runs'> {
  readonly runs: readonly (Omit<Run, 'blocks' | 'lag'> & { readonly blocks: readonly BlockRow[]; readonly lag: readonly LagRow[] })[];
}

/** Tenths of a millisecond are enough for a picture. */
const round = (ms: number): number => Math.round(ms * 10) / 10;
const roundOrNull = (ms: number | null): number | null => (ms === null ? null : round(ms));

export function pack(model: PageModel): Packed {
  return { ...model, runs: model.runs.map((run) => ({ ...run, blocks: run.blocks.map(packBlock), lag: run.lag.map(packLag) })) };
}

export function unpack(packed: Packed): PageModel {
  return { ...packed, runs: packed.runs.map((run) => ({ ...run, blocks: run.blocks.map(unpackBlock), lag: run.lag.map(unpackLag) })) };
}

function packBlock(b: PageBlock): BlockRow {
  const { start, ms, cause, confidence, place, task, taskId, stack, callbacks, run, queue, gc, samples, open, seen } = b;
  const known = [causes.indexOf(cause), confidences.indexOf(confidence)].map((i) => Math.max(0, i));
  if (!causes.includes(cause)) known[0] = causes.length - 1;
  if (!confidences.includes(confidence)) known[1] = confidences.length - 1;
  const flat = seen.flatMap(([id, part, count]) => [id, round(part), count]);
  const figures = [callbacks, round(run), roundOrNull(queue), round(gc), samples, open ? 1 : 0];
  return [round(start), round(ms), ...known, place, task, taskId, stack, ...figures, flat];
}

function unpackBlock(row: BlockRow): PageBlock {
  const [start, ms, cause, confidence, place, task, taskId, stack, callbacks, run] = row as readonly number[];
  const [queue, gc, samples, open] = row.slice(10) as readonly number[];
  const flat = row[14] as readonly number[];
  const seen: [number, number, number][] = [];
  for (let i = 0; i < flat.length; i += 3) seen.push([flat[i]!, flat[i + 1]!, flat[i + 2]!]);
  return {
    start: start!,
    ms: ms!,
    cause: causes[cause!]!,
    confidence: confidences[confidence!]!,
    place: place!,
    task: task!,
    taskId: taskId!,
    stack: stack!,
    callbacks: callbacks!,
    run: run!,
    queue: queue as number | null,
    gc: gc!,
    samples: samples!,
    open: open === 1,
    seen,
  };
}

const packLag = ({ from, to, max, mean, busy, queue, gc }: PageLag): LagRow =>
  [from, to, max, mean, busy, queue, gc].map((ms) => roundOrNull(ms));

function unpackLag(row: LagRow): PageLag {
  const [from, to, max, mean, busy, queue, gc] = row as readonly number[];
  return { from: from!, to: to!, max: max!, mean: mean!, busy: busy!, queue: queue as number | null, gc: gc! };
}
