/** Who waits for whom: asyncio's `capture_call_graph`, from one task outwards to all that depend on it. */
import { outOfRange, ownOptions, wrongType } from '../base/validate.ts';
import { reportsFailure } from '../core/background.ts';
import { Deferred } from '../core/deferred.ts';
import { here, rootOf } from '../core/scope.ts';
import type { Scope } from '../core/scope.ts';
import { currentTask, Joiner, TaskCore, tasksUnder } from '../core/task.ts';
import type { Task, TaskState } from '../core/task.ts';
import { Waiter } from '../core/waiter.ts';
import { siteOf } from './sites.ts';
import { captureSite, framesOf } from './stack.ts';
import { waitingOn, waitsIn } from '../core/waits.ts';
import type { Wait } from '../core/waits.ts';

export interface CallGraph {
  /** A Deferred has the id 0. */
  task: { id: number; name: string; state: TaskState };
  /** What it waits for: `Queue.get`, `task "x"`, `sleep until +250 ms`; null when it runs, or waits for something outside offloop. */
  waitingOn: string | null;
  /** The lines where it waits, innermost first; of a waiting task known in debug mode only. */
  stack: string[];
  /** Whoever goes on when this has settled. */
  awaitedBy: CallGraph[];
  /** This task is also further up: it waits for itself, and the graph is not followed any further. */
  cycle?: true;
}

export interface CallGraphOptions {
  /** How many stack lines per task: from the innermost, or, negative, from the outermost. Default: all. */
  limit?: number;
}

export type Node = TaskCore | Deferred<unknown>;
type Target<T> = Task<unknown> | Deferred<T>;

const LIVE_DEPTH = 50;

/** The graph above `t` (default: the current task; null without one). */
export function captureCallGraph<T>(t?: Target<T>, options?: CallGraphOptions): CallGraph | null {
  const limit = checkLimit(options);
  const target = t ?? currentTask();
  if (target === undefined) return null;
  if (!(target instanceof TaskCore) && !(target instanceof Deferred)) throw wrongType('t', 'a task or a Deferred', target);
  const root = rootOf(target instanceof TaskCore ? target : here());
  return new Capture(root, limit).node(target as Node, new Set());
}

function checkLimit(options: CallGraphOptions | undefined): number | undefined {
  const { limit } = ownOptions<CallGraphOptions>('options', options, ['limit']);
  if (limit === undefined) return undefined;
  if (typeof limit !== 'number') throw wrongType('options.limit', 'an integer', limit);
  if (!Number.isInteger(limit)) throw outOfRange('options.limit', 'an integer', limit);
  return limit;
}

class Capture {
  readonly #limit: number | undefined;
  readonly #awaiters: Map<Node, Set<TaskCore>>;

  constructor(root: Scope, limit: number | undefined) {
    this.#limit = limit;
    this.#awaiters = awaitersUnder(root);
  }

  node(of: Node, above: Set<Node>): CallGraph {
    const graph = this.#describe(of);
    if (above.has(of)) return { ...graph, cycle: true };
    above.add(of);
    for (const awaiter of this.#awaiters.get(of) ?? []) graph.awaitedBy.push(this.node(awaiter, above));
    above.delete(of);
    return graph;
  }

  #describe(of: Node): CallGraph {
    if (of instanceof Deferred) {
      const { state } = of.statistics();
      const asTask = { pending: 'pending', resolved: 'done', rejected: 'failed', cancelled: 'cancelled' } as const;
      return { task: { id: 0, name: 'Deferred', state: asTask[state] }, waitingOn: null, stack: [], awaitedBy: [] };
    }
    const { id, name, state } = of;
    return { task: { id, name, state }, waitingOn: waitingOn(of), stack: this.#stackOf(of), awaitedBy: [] };
  }

  #stackOf(task: TaskCore): string[] {
    const frames = task === currentTask() ? framesOf(captureSite(LIVE_DEPTH)) : parkedFrames(task);
    if (this.#limit === undefined) return frames;
    return this.#limit >= 0 ? frames.slice(0, this.#limit) : frames.slice(this.#limit);
  }
}

/** The lines where a task waits; of several calls under way, the first. */
export function parkedFrames(task: TaskCore): string[] {
  for (const wait of waitsIn(task)) {
    const site = siteOf(wait);
    if (site !== undefined) return framesOf(site);
  }
  return [];
}

/** Who goes on when a task or deferred has settled. */
export function awaitersUnder(root: Scope): Map<Node, Set<TaskCore>> {
  const awaiters = new Map<Node, Set<TaskCore>>();
  const add = (of: Node, awaiter: TaskCore | null): void => {
    if (awaiter === null) return;
    const known = awaiters.get(of);
    if (known === undefined) awaiters.set(of, new Set([awaiter]));
    else known.add(awaiter);
  };
  for (const task of tasksUnder(root)) {
    if (task.owner !== reportsFailure) add(task, task.parentTask); // a job or background task is awaited only if somebody does so
    for (const wait of waitsIn(task)) for (const awaited of awaitedIn(wait)) add(awaited, task);
  }
  return awaiters;
}

/** The tasks and deferreds that a wait is for. */
function awaitedIn(wait: Wait): Iterable<Node> {
  if (wait instanceof Joiner) return [wait.carried];
  const at: { awaited?: Iterable<TaskCore> } | null | undefined = wait instanceof Waiter ? wait.queue?.at : null;
  return at instanceof Deferred ? [at] : (at?.awaited ?? []);
}

/** As `captureCallGraph`, as text; empty without a task. */
export function formatCallGraph<T>(t?: Target<T>, options?: CallGraphOptions): string {
  const graph = captureCallGraph(t, options);
  return graph === null ? '' : format(graph, '').join('\n');
}

function format(graph: CallGraph, indent: string): string[] {
  const { task, waitingOn, stack, awaitedBy } = graph;
  const waits = waitingOn === null ? '' : `, waits for ${waitingOn}`;
  const head =
    task.id === 0 ? `${indent}* ${task.name}, ${task.state}` : `${indent}* task #${task.id} ${JSON.stringify(task.name)}, ${task.state}`;
  if (graph.cycle === true) return [`${head} (a cycle: see above)`];
  const lines = [head + waits, ...stack.map((frame) => `${indent}    at ${frame}`)];
  if (awaitedBy.length > 0) lines.push(`${indent}  + awaited by:`);
  return [...lines, ...awaitedBy.flatMap((g) => format(g, `${indent}      `))];
}
