/**
 * The watched thread's side: one object on `globalThis`, which the watchdog's `Runtime.evaluate` calls in the midst of whatever
 * runs. It must not disturb that: it catches everything, restores what it touches, and calls nothing that users can replace.
 * Shared by all copies of the package, hence `v1`: its shape is a contract between versions.
 */
import { executionAsyncId } from 'node:async_hooks';
import type { AsyncLocalStorage } from 'node:async_hooks';
import { findSourceMap } from 'node:module';
import { builtin } from '../base/late.ts';
import type { Answer, RawFrame, TaskInfo } from './sample.ts';

const HUB = Symbol.for('offloop.monitor.v1');
const SCOPES = Symbol.for('offloop.scope.v1');
/** What the watchdog evaluates. */
export const ASK: string = "globalThis[Symbol.for('offloop.monitor.v1')]?.ask()";
const MOST_FRAMES = 40;

/** A job in a worker is a scope of that kind. */
interface ScopeLike {
  readonly task?: TaskLike | null;
  readonly parent?: ScopeLike | null;
  readonly id?: unknown;
  readonly name?: unknown;
}

interface TaskLike {
  readonly id: number;
  readonly name: string;
}

export interface Hub {
  /** One word: not 0 while a watchdog waits for an answer. In shared memory, because the watchdog sets it. */
  readonly pending: Int32Array;
  /** The native function whose shim is on the stack; the innermost of them. */
  native: string | undefined;
  /** Its shim waits for a question from before the call. */
  entering: boolean;
  /** Counts the times the microtasks went on after a question: newer Nodes give them all one asynchronous id. */
  turns: number;
  /** The monitor came before the program: what nobody saw of the beginning was the loading of modules. */
  preloaded?: boolean;
  /** Where a task was made; debug mode knows. */
  siteOf: ((task: TaskLike) => string | undefined) | undefined;
  ask(): string;
  /** Begins one CPU profile, and then ends another. */
  profile(begin: string, end?: string): void;
}

const { stringify } = JSON;
const settled = Promise.resolve();
const { hrtime } = process;
/** Milliseconds; the same in all threads. */
export const clock = (): number => Number(hrtime.bigint()) / 1e6;

const host = globalThis as unknown as { [HUB]?: Hub; [SCOPES]?: AsyncLocalStorage<ScopeLike> };

/** The hub of this thread, made on first use. */
export function hub(): Hub {
  profiler ??= builtin('node:inspector').console as unknown as Profiler;
  return (host[HUB] ??= {
    pending: new Int32Array(new SharedArrayBuffer(4)),
    native: undefined,
    entering: false,
    turns: 0,
    siteOf: undefined,
    ask,
    profile,
  });
}

/** The inspector's own console: programs replace the global one. Its types lack what is not the browser's. */
type Profiler = { profile?: (title: string) => void; profileEnd?: (title: string) => void };
let profiler: Profiler | undefined;

function profile(begin: string, end?: string): void {
  profiler?.profile?.(begin);
  if (end !== undefined) profiler?.profileEnd?.(end);
}

function ask(): string {
  const self = hub();
  self.pending[0] = 0;
  const callback = `${executionAsyncId()}/${self.turns}`;
  void settled.then(() => self.turns++);
  const answer: { -readonly [K in keyof Answer]: Answer[K] } = { frames: framesHere(), callback, at: clock() };
  const task = taskHere(self);
  if (task !== undefined) answer.task = task;
  if (self.native !== undefined) {
    answer.native = self.native;
    if (self.entering) answer.entering = true;
  }
  return stringify(answer);
}

function taskHere(self: Hub): TaskInfo | undefined {
  try {
    const scope = host[SCOPES]?.getStore();
    const task = scope?.task ?? jobOf(scope);
    if (task === undefined) return undefined;
    const spawnedAt = self.siteOf?.(task);
    return { id: task.id, name: task.name, ...(spawnedAt !== undefined && { spawnedAt }) };
  } catch {
    return undefined;
  }
}

function jobOf(innermost: ScopeLike | null | undefined): TaskLike | undefined {
  for (let scope = innermost ?? null; scope !== null; scope = scope.parent ?? null)
    if (typeof scope.id === 'number' && typeof scope.name === 'string') return scope as TaskLike;
  return undefined;
}

/** `Error.prepareStackTrace` gives positions before source maps, and where functions begin, which the text of a stack does not. */
function framesHere(): RawFrame[] {
  const { stackTraceLimit } = Error;
  // oxlint-disable-next-line typescript/unbound-method -- put back as it was
  const { prepareStackTrace } = Error;
  const holder: { stack?: RawFrame[] | string } = {};
  try {
    Error.stackTraceLimit = MOST_FRAMES;
    Error.prepareStackTrace = (_, sites) => sites.map((site) => toRaw(site));
    Error.captureStackTrace(holder, ask);
    const { stack } = holder;
    return Array.isArray(stack) ? stack.slice(1) : []; // the first frame is the evaluated expression
  } catch {
    return []; // --frozen-intrinsics: the task is known all the same
  } finally {
    restore(stackTraceLimit, prepareStackTrace);
  }
}

function restore(limit: number, prepare: typeof Error.prepareStackTrace): void {
  try {
    Error.stackTraceLimit = limit;
    if (prepare === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace');
    else Error.prepareStackTrace = prepare;
  } catch {
    // frozen: nothing was changed either
  }
}

/** Newer than its types. */
type Site = NodeJS.CallSite & {
  getEnclosingLineNumber?(): number | null;
  getEnclosingColumnNumber?(): number | null;
};

function toRaw(site: Site): RawFrame {
  const file = site.getFileName() ?? site.getScriptNameOrSourceURL() ?? '';
  const [line, column] = [site.getLineNumber() ?? 0, site.getColumnNumber() ?? 0];
  const name = site.getFunctionName() ?? '';
  const type = file === '' ? site.getTypeName() : null;
  const [declaredLine, declaredColumn] = [site.getEnclosingLineNumber?.() ?? 0, site.getEnclosingColumnNumber?.() ?? 0];
  const source = file.startsWith('node:') ? undefined : sourceOf(file, [line, column], [declaredLine, declaredColumn]);
  return {
    fn: type === null || name === '' ? name : `${type}.${name}`,
    file,
    line,
    column,
    ...(site.isAsync() && { async: true }),
    ...(declaredLine > 0 && { declared: [declaredLine, declaredColumn] as const }),
    ...(source !== undefined && { source }),
  };
}

type Place = readonly [line: number, column: number];

/** One look into a map when source maps are off. */
function sourceOf(file: string, [line, column]: Place, declared: Place): RawFrame['source'] {
  const map = file === '' ? undefined : findSourceMap(file);
  if (map === undefined) return undefined;
  const entry = map.findEntry(line - 1, column - 1);
  if (!('originalSource' in entry)) return undefined;
  const head = map.findEntry(declared[0] - 1, declared[1] - 1);
  const fn = 'name' in head ? (head as { name?: string }).name : undefined;
  const place = { file: entry.originalSource, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
  return fn === undefined || fn === '' ? place : { ...place, fn };
}
