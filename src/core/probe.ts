/**
 * Where debug mode and instruments look in. The kernel does not know them: it calls `probe` if there is one, so that a run
 * that nobody watches pays one load and one comparison at each of these points, and allocates nothing.
 */
import { InvalidStateError } from '../base/errors.ts';
import type { MonitorOptions, SlowReport } from '../base/slow-report.ts';
import type { ExceptionContext, Runtime } from './runtime.ts';
import type { Scope, ScopeMember } from './scope.ts';
import type { Task, TaskCore } from './task.ts';

export interface Probe {
  spawned(task: TaskCore): void;
  exited(task: TaskCore): void;
  /** A waiter was parked in `scope`, or a child scope entered. */
  linked(scope: Scope, member: ScopeMember): void;
  unlinked(scope: Scope, member: ScopeMember): void;
  /** The body of a group has ended and its children have not; later: they have. */
  joining(scope: Scope, over: boolean): void;
  /** A scope is being left although something is still linked in it. */
  abandoned(scope: Scope): void;
  /** A checkpoint throws. */
  interrupted(scope: Scope): void;
  /** `holder`, usually a strand, has taken a lock, a permit or a token of `resource`, which is a `what`. */
  took(resource: object, what: string, holder: unknown): void;
  /** It was given back; without a holder: presumably by the strand that calls. */
  gave(resource: object, holder?: unknown): void;
  /** Adds to a report what only debug mode knows. */
  completed(runtime: Runtime, ctx: ExceptionContext): ExceptionContext;
}

export let probe: Probe | null = null;

export function setProbe(next: Probe | null): void {
  probe = next;
}

export interface DebugOptions {
  /** Milliseconds without a turn of the loop from which on that is told, with the task and the line. Default 100. */
  slowCallbackDuration?: number;
  /** False: no lag monitor. Or how it is set up; the rest as in its `debug` mode. */
  monitor?: boolean | MonitorOptions;
  /** Path of an HTML report of the lag monitor, written at exit; the default, false, writes none. */
  report?: string | false;
  /** Lines kept of each stack: where a task was made, where it waits. Default 10. */
  stackDepth?: number;
}

/**
 * Hears what happens to tasks. Every hook is optional, and is called in the course of the work: keep it short. An instrument
 * that throws is removed with one report; the others go on.
 */
export interface Instrument {
  runStarted?(): void;
  runEnded?(): void;
  taskSpawned?(t: Task<unknown>): void;
  /** A wait has begun in the task; `on` names what for. A task with several calls under way may wait for several things. */
  taskBlocked?(t: Task<unknown>, on: string): void;
  /** A wait of the task is over. */
  taskResumed?(t: Task<unknown>): void;
  taskExited?(t: Task<unknown>): void;
  /** A lag monitor of this process has seen a block of the loop. */
  slow?(r: SlowReport): void;
}

export interface Watch {
  /** undefined: as `setDebug` or OFFLOOP_DEBUG says. */
  readonly debug: boolean | DebugOptions | undefined;
  readonly instruments: readonly Instrument[];
}

/** Starts to watch a run; the result ends it. */
type Watcher = (runtime: Runtime, watch: Watch) => () => void;
let watcher: Watcher | null = null;

/** src/debug/ announces itself here. */
export function setWatcher(next: Watcher): void {
  watcher = next;
}

export function watchRun(runtime: Runtime, watch: Watch): () => void {
  if (watcher !== null) return watcher(runtime, watch);
  if (watch.instruments.length > 0 || (watch.debug ?? false) !== false) {
    throw new InvalidStateError('Debug mode and instruments are not loaded: a bundler left out the side effects of offloop’s debug files');
  }
  return () => {};
}
