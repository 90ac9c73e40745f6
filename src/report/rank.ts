/** What blocked a run, by line and by task: the worst first. */
import type { BlockCause } from '../base/slow-report.ts';
import type { PageBlock } from './page-model.ts';

export interface Ranked {
  /** The place or the task; -1: not known. */
  readonly key: number;
  /** Indices into the blocks, in the order of time. */
  readonly blocks: readonly number[];
  readonly total: number;
  readonly max: number;
  /** Milliseconds by cause, the most first. */
  readonly causes: readonly (readonly [BlockCause, number])[];
}

type Key = 'place' | 'task';

export function rank(blocks: readonly PageBlock[], by: Key): Ranked[] {
  const groups = new Map<number, { blocks: number[]; total: number; max: number; causes: Map<BlockCause, number> }>();
  blocks.forEach((block, i) => {
    let group = groups.get(block[by]);
    if (group === undefined) groups.set(block[by], (group = { blocks: [], total: 0, max: 0, causes: new Map() }));
    group.blocks.push(i);
    group.total += block.ms;
    group.max = Math.max(group.max, block.ms);
    group.causes.set(block.cause, (group.causes.get(block.cause) ?? 0) + block.ms);
  });
  return [...groups]
    .map(([key, { causes, ...rest }]) => ({ key, ...rest, causes: [...causes].sort((a, b) => b[1] - a[1]) }))
    .sort((a, b) => b.total - a.total || a.key - b.key);
}

export const totalOf = (blocks: readonly { readonly ms: number }[]): number => blocks.reduce((sum, { ms }) => sum + ms, 0);
