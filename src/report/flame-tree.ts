/** The samples of some blocks as one tree, from the outermost function in; and as a profile that other tools open. */
import type { PageBlock, PageModel } from './page-model.ts';

export interface FlameNode {
  name: string;
  /** Milliseconds, those of its children included. */
  value: number;
  /** Index into `frames`; -1 for the root. */
  readonly frame: number;
  /** Samples that ended here, and their milliseconds. */
  count: number;
  self: number;
  readonly children: FlameNode[];
}

type Tables = Pick<PageModel, 'frames' | 'stacks' | 'files'>;

/** Frames of one function stand in one node, whichever of its lines ran. */
export function flameTree({ frames, stacks, files }: Tables, blocks: readonly PageBlock[]): FlameNode {
  const root: FlameNode = { name: 'all', value: 0, frame: -1, count: 0, self: 0, children: [] };
  const index = new Map<FlameNode, Map<string, FlameNode>>();
  for (const [stack, { ms, count }] of together(blocks)) {
    let node = root;
    node.value += ms;
    for (const id of (stacks[stack] ?? []).toReversed()) {
      const [fn, file] = frames[id]!;
      node = childOf(index, node, `${fn}\n${file}`, { name: file < 0 ? fn : `${fn}  ${files[file]}`, frame: id });
      node.value += ms;
    }
    node.count += count;
    node.self += ms;
  }
  return root;
}

type Index = Map<FlameNode, Map<string, FlameNode>>;

function childOf(index: Index, parent: FlameNode, key: string, { name, frame }: Pick<FlameNode, 'name' | 'frame'>): FlameNode {
  let children = index.get(parent);
  if (children === undefined) index.set(parent, (children = new Map<string, FlameNode>()));
  let child = children.get(key);
  if (child === undefined) {
    children.set(key, (child = { name, value: 0, frame, count: 0, self: 0, children: [] }));
    parent.children.push(child);
  }
  return child;
}

/** A block without samples of its own counts with the stack that was blamed. */
function together(blocks: readonly PageBlock[]): Map<number, { ms: number; count: number }> {
  const all = new Map<number, { ms: number; count: number }>();
  for (const { seen, stack, ms } of blocks) {
    const own = seen.length > 0 || stack < 0 ? seen : ([[stack, ms, 1]] as const);
    for (const [id, part, count] of own) {
      const known = all.get(id) ?? { ms: 0, count: 0 };
      all.set(id, { ms: known.ms + part, count: known.count + count });
    }
  }
  return all;
}

/** Of V8; lines and columns count from 0, times are microseconds. */
export interface CpuProfile {
  nodes: {
    id: number;
    callFrame: { functionName: string; scriptId: string; url: string; lineNumber: number; columnNumber: number };
    hitCount: number;
    children?: number[];
  }[];
  startTime: number;
  endTime: number;
  samples: number[];
  timeDeltas: number[];
}

/** More would only make the file large: each then stands for several. */
const MOST_SAMPLES = 20_000;

export const samplesOf = (node: FlameNode): number => node.count + node.children.reduce((sum, child) => sum + samplesOf(child), 0);

/** Chrome DevTools, VS Code and speedscope open it. Samples of one stack stand side by side: when each came is not kept. */
export function toCpuProfile({ frames, files }: Tables, root: FlameNode): CpuProfile {
  const scale = Math.min(1, MOST_SAMPLES / Math.max(1, samplesOf(root)));
  const profile: CpuProfile = { nodes: [], startTime: 0, endTime: Math.round(root.value * 1000), samples: [], timeDeltas: [] };
  const visit = (node: FlameNode): number => {
    const [fn, file, line, column] = node.frame < 0 ? (['(root)', -1, 0, 0] as const) : frames[node.frame]!;
    const id = profile.nodes.length + 1;
    const callFrame = { functionName: fn, scriptId: '0', url: files[file] ?? '', lineNumber: line - 1, columnNumber: column - 1 };
    const hits = Math.ceil(node.count * scale);
    const entry: CpuProfile['nodes'][number] = { id, callFrame, hitCount: hits };
    profile.nodes.push(entry);
    for (let i = 0; i < hits; i++) {
      profile.samples.push(id);
      profile.timeDeltas.push(Math.round((node.self / hits) * 1000));
    }
    if (node.children.length > 0) entry.children = node.children.map((child) => visit(child));
    return id;
  };
  visit(root);
  return profile;
}

/** Milliseconds by line of each file: where a function on the stack stood, and where the innermost of them did. */
export function heat({ frames, stacks }: Tables, blocks: readonly PageBlock[]): Map<number, Map<number, { self: number; total: number }>> {
  const byFile = new Map<number, Map<number, { self: number; total: number }>>();
  for (const [stack, { ms }] of together(blocks)) {
    let innermost = true;
    const counted = new Set<string>();
    for (const id of stacks[stack] ?? []) {
      const [, file, line] = frames[id]!;
      if (file < 0) continue;
      const lines = byFile.get(file) ?? new Map<number, { self: number; total: number }>();
      byFile.set(file, lines);
      const at = lines.get(line) ?? { self: 0, total: 0 };
      if (innermost) at.self += ms;
      if (!counted.has(`${file}:${line}`)) at.total += ms;
      counted.add(`${file}:${line}`);
      lines.set(line, at);
      innermost = false;
    }
  }
  return byFile;
}
