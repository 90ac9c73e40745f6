/** The blocks of a log, and which lines of the program did most of the blocking. */
import type { BlockCause, StackFrame } from '../base/slow-report.ts';
import { isBlock } from '../report/model.ts';
import type { BlockLine, Line } from '../report/model.ts';

export interface RankedLine {
  /** Absent: no line was to blame, or none was found. */
  readonly where?: StackFrame & { readonly native?: string };
  readonly count: number;
  /** Milliseconds. */
  readonly total: number;
  readonly max: number;
  /** Names of the tasks that ran there, most frequent first. */
  readonly tasks: readonly string[];
  readonly causes: Readonly<Partial<Record<BlockCause, number>>>;
}

export interface Ranking {
  readonly count: number;
  readonly total: number;
  readonly max: number;
  /** Most time first. */
  readonly lines: readonly RankedLine[];
  /** In the order in which they began; one that never ended is a `still-blocked`. */
  readonly blocks: readonly BlockLine[];
}

export function rank(lines: readonly Line[]): Ranking {
  const blocks = ended(lines.filter(isBlock)).sort((a, b) => a.start - b.start);
  const groups = new Map<string, BlockLine[]>();
  for (const block of blocks) {
    const { where } = block;
    const key = where === undefined ? '' : `${where.file}:${where.line} ${where.fn} ${where.native ?? ''}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [block]);
    else group.push(block);
  }
  const ranked = [...groups.values()].map(toRanked).sort((a, b) => b.total - a.total);
  return { ...figures(blocks), lines: ranked, blocks };
}

/** A block told of while it lasted, and again when it was over, is one block. */
function ended(blocks: readonly BlockLine[]): BlockLine[] {
  const isSame = (a: BlockLine, b: BlockLine): boolean => a.pid === b.pid && a.thread === b.thread && a.start < b.end && a.end > b.start;
  const over = blocks.filter(({ type }) => type !== 'still-blocked');
  const open: BlockLine[] = [];
  for (const block of blocks) {
    if (block.type !== 'still-blocked' || over.some((b) => isSame(b, block))) continue;
    if (open.length > 0 && isSame(open.at(-1)!, block)) open.pop(); // the last one knows most
    open.push(block);
  }
  return [...over, ...open];
}

function toRanked(blocks: readonly BlockLine[]): RankedLine {
  const { where } = blocks[0]!;
  const causes: Partial<Record<BlockCause, number>> = {};
  for (const { cause } of blocks) causes[cause] = (causes[cause] ?? 0) + 1;
  return { ...(where !== undefined && { where }), ...figures(blocks), tasks: tasksOf(blocks), causes };
}

function tasksOf(blocks: readonly BlockLine[]): string[] {
  const counts = new Map<string, number>();
  for (const { task } of blocks) if (task !== undefined) counts.set(task.name, (counts.get(task.name) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([name]) => name);
}

function figures(blocks: readonly BlockLine[]): { count: number; total: number; max: number } {
  let [total, max] = [0, 0];
  for (const { ms } of blocks) {
    total += ms;
    max = Math.max(max, ms);
  }
  return { count: blocks.length, total, max };
}
