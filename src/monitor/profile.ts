/** What V8's sampling profiler saw in a stretch of time: the functions that took it, busiest first. */
import { isUserFile } from './frames.ts';
import type { Seen } from './waited.ts';

/** Of the Chrome DevTools protocol, as far as it is read here. Lines and columns count from 0 there. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds, on the clock of `process.hrtime`. */
  readonly startTime: number;
  readonly endTime: number;
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number; readonly columnNumber: number };
  readonly children?: readonly number[];
  readonly positionTicks?: readonly { readonly line: number; readonly ticks: number }[];
}

export interface ProfiledFunction {
  readonly fn: string;
  readonly file: string;
  /** Where it is declared. */
  readonly line: number;
  readonly column: number;
  readonly ticks: number;
  /** The lines it was seen on, most often first. */
  readonly lines: readonly (readonly [line: number, ticks: number])[];
  /** What it had called, if that is not of the program, for most of its ticks. */
  readonly native?: string;
}

interface Tally {
  readonly node: ProfileNode;
  ticks: number;
  readonly natives: Map<string, number>;
}

/** What a profile tells of a stretch of time. */
export interface Profiled {
  readonly functions: readonly ProfiledFunction[];
  /** In order of time. */
  readonly seen: readonly Seen[];
}

/** When a sample was taken between two moments, and whether the loop waited then; windows overlap, and each counts once. */
export function samplesIn(windows: readonly CpuProfile[], start: number, end: number): Seen[] {
  const seen = new Map<number, Seen>();
  for (const { nodes, samples = [], timeDeltas = [], startTime } of windows) {
    const idle = nodes.find(({ callFrame }) => callFrame.functionName === '(idle)')?.id;
    let at = startTime;
    samples.forEach((id, i) => {
      at += timeDeltas[i] ?? 0;
      if (at >= start * 1000 && at <= end * 1000) seen.set(at, { at: at / 1000, idle: id === idle });
    });
  }
  return [...seen.values()].sort((a, b) => a.at - b.at);
}

/** Merges the windows as far as they overlap the stretch; times in milliseconds. */
export function busiest(windows: readonly CpuProfile[], start: number, end: number): ProfiledFunction[] {
  const tallies = new Map<string, Tally>();
  const lines = new Map<string, Map<number, number>>();
  const seen = new Set<number>(); // windows overlap: a moment counts once
  for (const window of windows) count(window, start * 1000, end * 1000, seen, tallies, lines);
  const all = [...tallies].map(([key, tally]) => toFunction(tally, lines.get(key)));
  return all.sort((a, b) => b.ticks - a.ticks);
}

function count(
  { nodes, samples = [], timeDeltas = [], startTime }: CpuProfile,
  start: number,
  end: number,
  seen: Set<number>,
  tallies: Map<string, Tally>,
  lines: Map<string, Map<number, number>>,
): void {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)));
  const used = new Set<string>();
  let at = startTime;
  samples.forEach((id, i) => {
    at += timeDeltas[i] ?? 0;
    if (at < start || at > end || seen.has(at)) return;
    seen.add(at);
    const owner = ownerOf(id, byId, parents);
    if (owner === null) return;
    const { node, native } = owner;
    const key = keyOf(node);
    const tally = tallies.get(key) ?? { node, ticks: 0, natives: new Map<string, number>() };
    tallies.set(key, tally);
    tally.ticks++;
    used.add(key);
    if (native !== undefined) tally.natives.set(native, (tally.natives.get(native) ?? 0) + 1);
  });
  for (const node of nodes) if (used.has(keyOf(node))) addLines(lines, keyOf(node), node);
}

function addLines(lines: Map<string, Map<number, number>>, key: string, { positionTicks = [] }: ProfileNode): void {
  const of = lines.get(key) ?? new Map<number, number>();
  lines.set(key, of);
  for (const { line, ticks } of positionTicks) of.set(line, (of.get(line) ?? 0) + ticks);
}

const keyOf = ({ callFrame: f }: ProfileNode): string => `${f.url}\n${f.functionName}\n${f.lineNumber}:${f.columnNumber}`;

/** The innermost function of the program; what it called is the native. Idle time and the collector are nobody's. */
function ownerOf(id: number, byId: Map<number, ProfileNode>, parents: Map<number, number>): { node: ProfileNode; native?: string } | null {
  let native: string | undefined;
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
    const node = byId.get(at);
    if (node === undefined) return null;
    const { functionName, url } = node.callFrame;
    if (isUserFile(url)) return native === undefined ? { node } : { node, native };
    if (/^\((?:idle|program|root|garbage collector)\)$/.test(functionName)) return null;
    if (functionName !== '') native = functionName; // the outermost of them is what the program called
  }
  return null;
}

function toFunction({ node, ticks, natives }: Tally, lines: Map<number, number> | undefined): ProfiledFunction {
  const { functionName, url, lineNumber, columnNumber } = node.callFrame;
  const [native] = [...natives].sort((a, b) => b[1] - a[1]);
  return {
    fn: functionName,
    file: url,
    line: lineNumber + 1,
    column: columnNumber + 1,
    ticks,
    lines: [...(lines ?? [])].sort((a, b) => b[1] - a[1]),
    ...(native !== undefined && native[1] > ticks / 2 && { native: native[0] }),
  };
}
