/** From the lines of a log to what a page is made of. */
import type { StackFrame } from '../base/slow-report.ts';
import { isBlock } from './model.ts';
import type { BlockLine, Line, StartLine } from './model.ts';
import type { PageBlock, PageFrame, PageModel, Place, Run } from './page-model.ts';
import { readSources } from './sources.ts';
import type { ReadSource } from './sources.ts';
import { shortPath } from './text.ts';

export interface PageModelOptions {
  /** Paths below it are shown from there. Default: where the program ran, else where this one runs. */
  readonly cwd?: string;
  /** Milliseconds since 1970; the default is now. */
  readonly made?: number;
  /** The text of a source file, or null. Default: from the disk. */
  readonly readSource?: ReadSource;
}

export function buildPageModel(lines: readonly Line[], problems: readonly string[], options: PageModelOptions = {}): PageModel {
  const made = options.made ?? Date.now();
  const tables = new Tables();
  const grouped = toRuns(lines).map((own) => toRun(own, tables));
  const start = lines.find((line) => line.type === 'start');
  const cwd = options.cwd ?? start?.cwd ?? process.cwd();
  const { frames, stacks, tasks, places, files } = tables;
  const sources = readSources(
    files.all,
    places.all.map(({ frame }) => frames.all[frame]!),
    options.readSource,
  );
  return {
    made,
    runs: grouped,
    files: files.all.map((file) => shortPath(file, cwd)),
    frames: frames.all,
    stacks: stacks.all,
    tasks: tasks.all,
    places: places.all,
    sources,
    problems,
  };
}

/** Things in the order they first came, each once. */
class Table<T> {
  readonly all: T[] = [];
  readonly #index = new Map<string, number>();

  add(key: string, make: () => T): number {
    let index = this.#index.get(key);
    if (index === undefined) {
      index = this.all.push(make()) - 1;
      this.#index.set(key, index);
    }
    return index;
  }
}

class Tables {
  readonly files: Table<string> = new Table();
  readonly frames: Table<PageFrame> = new Table();
  readonly stacks: Table<readonly number[]> = new Table();
  readonly tasks: Table<string> = new Table();
  readonly places: Table<Place> = new Table();

  frame({ fn, file, line, column, async }: StackFrame): number {
    return this.frames.add(`${fn}\n${file}\n${line}:${column}${async === true ? ' async' : ''}`, () => {
      return [fn, file === '' ? -1 : this.files.add(file, () => file), line, column, async === true ? 1 : 0];
    });
  }

  stack(frames: readonly StackFrame[]): number {
    if (frames.length === 0) return -1;
    const ids = frames.map((frame) => this.frame(frame));
    return this.stacks.add(ids.join(), () => ids);
  }

  /** Two columns of one line are one place. */
  place(where: BlockLine['where']): number {
    if (where === undefined) return -1;
    const { fn, file, line, native } = where;
    return this.places.add(`${file}\n${line}\n${fn}\n${native ?? ''}`, () => ({ frame: this.frame(where), native: native ?? null }));
  }
}

interface Own {
  readonly pid: number;
  readonly thread: number;
  start: StartLine | null;
  lines: Line[];
}

/** A start line begins a run of its process; what has none is one run all the same. */
function toRuns(lines: readonly Line[]): Own[] {
  const all: Own[] = [];
  const current = new Map<string, Own>();
  for (const line of lines) {
    const key = `${line.pid}/${line.thread}`;
    let own = current.get(key);
    if (own === undefined || line.type === 'start') {
      own = { pid: line.pid, thread: line.thread, start: line.type === 'start' ? line : null, lines: [] };
      current.set(key, own);
      all.push(own);
    }
    if (line.type !== 'start') own.lines.push(line);
  }
  return all;
}

function toRun({ pid, thread, start, lines }: Own, tables: Tables): Run {
  const blocks = withoutFinished(lines.filter((line) => isBlock(line)).sort((a, b) => a.start - b.start));
  const lag = lines.filter((line) => line.type === 'lag');
  const moments = [...bounds(lines)];
  const from = Math.min(start?.at ?? Infinity, ...firstAndLast(moments));
  const to = Math.max(start?.at ?? -Infinity, ...firstAndLast(moments));
  const begin = Number.isFinite(from) ? from : 0;
  const seen = blocks.reduce((most, block) => Math.max(most, block.seen), 0);
  return {
    pid,
    thread,
    start: begin,
    length: Number.isFinite(to) ? to - begin : 0,
    program:
      start === null
        ? null
        : {
            node: start.node,
            platform: start.platform,
            command: start.command.map((word) => shortPath(word, start.cwd)),
            mode: start.mode,
            heartbeat: start.heartbeat,
          },
    threshold: start?.threshold ?? blocks[0]?.threshold ?? 100,
    ended: lines.some(({ type }) => type === 'end'),
    blocks: blocks.map((block) => toBlock(block, begin, tables)),
    dropped: Math.max(0, seen - blocks.filter(({ type }) => type !== 'still-blocked').length),
    lag: lag.map(({ start: s, end, delay, busy, runQueue, gc }) => {
      return { from: s - begin, to: end - begin, max: delay.max, mean: delay.mean, busy, queue: runQueue, gc };
    }),
    executors: lines.filter((line) => line.type === 'executors').map(({ at, executors }) => ({ at: at - begin, executors })),
  };
}

function* bounds(lines: readonly Line[]): Generator<number> {
  for (const line of lines) {
    if ('start' in line) yield line.start;
    yield 'end' in line ? line.end : line.at;
  }
}

/** Spreading a large array into Math.min would overflow the stack. */
function firstAndLast(moments: readonly number[]): [number, number] | [] {
  if (moments.length === 0) return [];
  return [moments.reduce((a, b) => Math.min(a, b)), moments.reduce((a, b) => Math.max(a, b))];
}

/** The clocks of two reports about one block may differ by this. */
const JITTER = 50;

/** A notice in the midst of a block counts only when no line tells its end: then the program did not survive it. */
function withoutFinished(blocks: readonly BlockLine[]): BlockLine[] {
  return blocks.filter((block, i) => {
    if (block.type !== 'still-blocked') return true;
    for (let j = i + 1; j < blocks.length && blocks[j]!.start - block.start <= JITTER; j++) return false;
    for (let j = i - 1; j >= 0 && block.start - blocks[j]!.start <= JITTER; j--) if (blocks[j]!.type !== 'still-blocked') return false;
    return true;
  });
}

function toBlock(line: BlockLine, begin: number, tables: Tables): PageBlock {
  const { start, ms, cause, confidence, where, stack = [], stacks = [], task, callbacks, cpu, samples, type } = line;
  return {
    start: start - begin,
    ms,
    cause,
    confidence,
    place: tables.place(where),
    task: task === undefined ? -1 : tables.tasks.add(task.name, () => task.name),
    taskId: task?.id ?? -1,
    stack: tables.stack(stack),
    callbacks,
    run: cpu.run,
    queue: cpu.runQueue,
    gc: cpu.gc,
    samples,
    open: type === 'still-blocked',
    seen: stacks.map((seen) => [tables.stack(seen.frames), seen.ms, seen.count] as const),
  };
}
