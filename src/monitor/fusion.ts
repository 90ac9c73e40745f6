/**
 * Which line blocked: one answer out of many samples. An answer counts for the time since the one before, so that one long
 * native call outweighs many short looks at something else. Never claims more than was seen: `exact` means that the thread
 * was found on that line, at that moment, for most of the block.
 */
import { isInShim, nativeAbove, pathOf, userFrames } from './frames.ts';
import type { ProfiledFunction } from './profile.ts';
import type { RawFrame, Sample, TaskInfo } from './sample.ts';
import type { Confidence } from '../base/slow-report.ts';

export interface Blame {
  readonly confidence: Confidence;
  readonly where?: RawFrame & { readonly native?: string };
  readonly stack?: readonly RawFrame[];
  /** Samples that have this line on their stack. */
  readonly hits: number;
}

/** What the source says about the function that begins in a line. */
export interface Source {
  /** Whether another line belongs to it. */
  contains(file: string, first: number, line: number): boolean;
  /** Whether a loop begins in that line and goes on in others. */
  opensLoop(file: string, line: number): boolean;
  /** The first of its lines that names what it calls. */
  find(file: string, first: number, callee: string): number | null;
}

const unread: Source = { contains: () => true, opensLoop: () => false, find: () => null };

interface Ticked {
  readonly line: number;
  /** It is all of the function, or it had most of the ticks of that and of what was inlined into it. */
  readonly sure: boolean;
}

/**
 * A line outside of the function was inlined into it. At its head a profile counts what calling and resuming it costs: a line
 * in its body says more.
 */
function busiestLine({ file, line: head, lines }: ProfiledFunction, source: Source): Ticked | null {
  const own = lines.filter(([line]) => source.contains(file, head, line));
  const [best = own[0]] = own.filter(([line]) => line !== head);
  if (best === undefined) return null;
  const [line, ticks] = best;
  if (line === head) return { line, sure: !source.contains(file, head, head + 1) };
  return { line, sure: ticks >= lines.reduce((total, [, n]) => total + n, 0) / 2 };
}

/** An answer this soon after the question tells where the thread was when it was asked. */
const PROMPT = 5;

interface Weighed {
  readonly sample: Sample;
  readonly frames: readonly RawFrame[];
  readonly weight: number;
  readonly certain: boolean;
  readonly native: string | undefined;
}

export function blame(
  samples: readonly Sample[],
  start: number,
  profile: readonly ProfiledFunction[] = [],
  source: Source = unread,
): Blame {
  const weighed = weigh(samples, start);
  const certain = weighed.filter((w) => w.certain);
  const share = sum(certain) / Math.max(sum(weighed), Number.MIN_VALUE);
  const found = certain.length > 0 ? locate(certain) : null;
  const [top] = profile;
  if (found !== null && share >= 0.5 && agrees(found, top)) return fromHead(refine(found, profile, source), source);
  if (top !== undefined) return fromProfile(top, weighed, source);
  return guess(weighed, samples);
}

function weigh(samples: readonly Sample[], start: number): Weighed[] {
  let last = start;
  const all = samples.map((sample) => {
    const weight = Math.max(0, sample.at - last);
    last = Math.max(last, sample.at);
    const inShim = sample.native !== undefined && sample.entering !== true && isInShim(sample.frames, sample.native);
    const frames = userFrames(sample.frames);
    const native = inShim ? sample.native : nativeAbove(sample.frames);
    return { sample, frames, weight, certain: inShim || sample.at - sample.asked <= PROMPT, native };
  });
  return all.filter(({ frames }) => frames.length > 0);
}

const sum = (all: readonly Weighed[]): number => all.reduce((total, { weight }) => total + weight, 0);
const keyOf = (frame: RawFrame): string => `${frame.file}\n${frame.fn}\n${frame.declared?.join() ?? ''}`;

interface Node {
  weight: number;
  readonly depth: number;
  readonly through: Weighed[];
}

interface Found extends Blame {
  /** It called nothing of the program while it was found there. */
  readonly inner: boolean;
}

/** From the outside in, along the functions that were on the stack for more than half of the time. */
function locate(samples: readonly Weighed[]): Found {
  const most = sum(samples) / 2;
  let here: Node = { weight: Infinity, depth: 0, through: [...samples] };
  for (;;) {
    const next = heaviestChild(here);
    if (next === null || next.weight <= most) break;
    here = next;
  }
  if (here.depth > 0) return at(here);
  const widest = heaviestChild(here)!;
  return { ...at(widest), confidence: 'near' }; // several callbacks, none of them most of the time
}

function heaviestChild({ depth, through }: Node): Node | null {
  const children = new Map<string, Node>();
  for (const w of through) {
    const frame = w.frames.at(-1 - depth);
    if (frame === undefined) continue;
    const key = keyOf(frame);
    let child = children.get(key);
    if (child === undefined) children.set(key, (child = { weight: 0, depth: depth + 1, through: [] }));
    child.weight += w.weight;
    child.through.push(w);
  }
  return [...children.values()].reduce<Node | null>((a, b) => (a === null || b.weight > a.weight ? b : a), null);
}

/** The line of that function that was there for longest, and what it called. */
function at({ depth, through }: Node): Found {
  const byLine = new Map<number, Weighed[]>();
  for (const w of through) {
    const frame = w.frames.at(-depth)!;
    const line = frame.source?.line ?? frame.line;
    byLine.set(line, [...(byLine.get(line) ?? []), w]);
  }
  const [best] = [...byLine.values()].sort((a, b) => sum(b) - sum(a)) as [Weighed[]];
  const longest = best.reduce((a, b) => (b.weight > a.weight ? b : a));
  const frame = longest.frames.at(-depth)!;
  const innermost = best.filter(({ frames }) => frames.length === depth);
  const native = calledFrom(innermost, sum(best) / 2);
  const where = native === undefined ? frame : { ...frame, native };
  const stack = longest.frames.slice(longest.frames.length - depth);
  return { confidence: 'exact', where, stack, hits: best.length, inner: sum(innermost) > sum(best) / 2 };
}

/** What that line had called for most of the time. */
function calledFrom(samples: readonly Weighed[], most: number): string | undefined {
  const byName = new Map<string, number>();
  for (const { native, weight } of samples) if (native !== undefined) byName.set(native, (byName.get(native) ?? 0) + weight);
  return [...byName].find(([, weight]) => weight > most)?.[0];
}

/** The profile's busiest function must be the one found, or one that it called. */
function agrees({ where, stack }: Blame, top: ProfiledFunction | undefined): boolean {
  if (top === undefined || where === undefined) return true;
  return (stack ?? []).some((frame) => isOf(frame, top));
}

/** A name is not enough: many have none, and the profile knows none of methods whose name is computed. */
function isOf(frame: RawFrame, { file, fn, line }: ProfiledFunction): boolean {
  const [declared] = frame.declared ?? [];
  const named = frame.fn === fn || (fn === '' && declared !== undefined);
  return named && (declared ?? line) === line && pathOf(frame.file) === pathOf(file);
}

/**
 * An interrupt is heard at the head of a function and at the end of each turn of a loop, whatever line the time goes to. The
 * profile is not bound to that: where it saw the function in another line for most of the time, that is the line. Without its
 * word, that a thread was found where a loop begins tells of the loop, not of the line.
 */
function refine({ inner, ...found }: Found, profile: readonly ProfiledFunction[], source: Source): Blame {
  const { where } = found;
  if (where === undefined || where.native !== undefined) return found;
  // The profile counts in lines of what runs: no use where the thread itself told those of the source.
  const own = where.source === undefined ? profile.find((of) => isOf(where, of)) : undefined;
  const best = own === undefined ? null : busiestLine(own, source);
  const { file, line } = where.source ?? where;
  const inLoop = inner && source.opensLoop(file, line);
  const confidence = found.confidence === 'exact' && (best === null ? inLoop : !best.sure) ? 'function' : found.confidence;
  if (best === null) return { ...found, confidence };
  const atHead = where.line === (where.declared?.[0] ?? own!.line);
  if (!atHead && !inLoop && !(inner && best.sure)) return found;
  return { ...found, confidence, where: best.line === where.line ? where : { ...where, line: best.line, column: 1 } };
}

/**
 * Still on the declaration of a function that has more lines than that: the line inside is not known, but for a function that
 * calls itself, whose outer frames are on it.
 */
function fromHead(found: Blame, source: Source): Blame {
  const { where, stack = [] } = found;
  const head = where?.declared?.[0];
  if (where === undefined || head === undefined || where.line !== head || where.native !== undefined) return found;
  // What tsx runs is one line per function, or per file: there the head is not told apart by its line.
  if (where.source !== undefined || !source.contains(where.file, head, head + 1)) return found;
  const again = stack.find((frame) => keyOf(frame) === keyOf(where) && frame.line !== head);
  return again === undefined ? { ...found, confidence: 'function' } : { ...found, where: again };
}

function fromProfile(top: ProfiledFunction, weighed: readonly Weighed[], source: Source): Blame {
  const named = top.native === undefined ? null : source.find(top.file, top.line, top.native);
  const witness = weighed.find(({ frames }) => frames.some((f) => isOf(f, top)));
  const depth = witness?.frames.findIndex((f) => isOf(f, top)) ?? -1;
  const seen = witness?.frames[depth];
  // Without ticks of its own (all that it called was inlined), a line on which it was met is closer than its declaration.
  const { line, sure } = busiestLine(top, source) ?? { line: named ?? seen?.line ?? top.line, sure: false };
  const native = top.native === undefined ? {} : { native: top.native };
  const frame: RawFrame = { fn: top.fn, file: top.file, line, column: line === top.line ? top.column : 1 };
  if (seen?.source !== undefined) {
    return { confidence: 'function', where: { ...seen, ...native }, stack: witness!.frames.slice(depth), hits: 1 };
  }
  const stack = witness === undefined ? [frame] : [frame, ...witness.frames.slice(depth + 1)];
  return {
    confidence: sure ? 'exact' : 'function',
    where: { ...frame, ...native },
    stack,
    hits: witness === undefined ? 0 : 1,
  };
}

/** Each answer came late: of a native call after it returned, of a thread that got no CPU from where it was all the time. */
function guess(weighed: readonly Weighed[], samples: readonly Sample[]): Blame {
  if (weighed.length > 0) {
    const { stack = [], hits } = locate(weighed);
    return { confidence: 'near', where: stack[0]!, stack, hits }; // what it had called by then need not be what took the time
  }
  return { confidence: samples.some(({ task }) => task !== undefined) ? 'task-only' : 'none', hits: 0 };
}

/** The task that ran for most of the time. */
export function blamedTask(samples: readonly Sample[], start: number): TaskInfo | undefined {
  const times = new Map<number, { task: TaskInfo; weight: number }>();
  let none = 0;
  let last = start;
  for (const { task, at } of samples) {
    const weight = Math.max(0, at - last);
    last = Math.max(last, at);
    if (task === undefined) none += weight;
    else times.set(task.id, { task, weight: (times.get(task.id)?.weight ?? 0) + weight });
  }
  const best = [...times.values()].sort((a, b) => b.weight - a.weight)[0];
  return best === undefined || best.weight < none ? undefined : best.task;
}
