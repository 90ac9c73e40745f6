/**
 * What the pieces on the far side of an executor share, and how `run()` learns that it is being imported by a worker.
 *
 * The state lives on `globalThis`: the copy of the package that started the worker need not be the copy that the user's
 * module imports. Protocol for `run()`: when `workerState()?.loading` is above 0, it calls `runReached()` and returns a
 * promise that never settles, so that neither main nor the code after `await run(main)` runs in a worker.
 */

/** What a worker must know of the program that started it. Plain data: travels in `workerData` or in the first message. */
export interface WorkerHints {
  /** File of the program (`process.argv[1]` resolved); undefined under `node -e` and in the REPL. */
  readonly mainFile?: string | undefined;
  /** The program runs under tsx: modules must load by the same rules (enums, paths, extensionless imports) in the worker. */
  readonly tsx?: boolean | undefined;
  /** Folder of that tsx where the flags say so, as for `npx tsx`: the program's own folders may know of none. */
  readonly tsxFrom?: string | undefined;
}

export interface WorkerState {
  /** How many imports of user modules are under way. */
  loading: number;
  /** Called by `run()` instead of running main. */
  runReached?: (() => void) | undefined;
  hints: WorkerHints;
  /** Where a warning about a file goes; the runner replaces it to tell the main side, which prints each warning once. */
  warn: (file: string, text: string) => void;
}

const key = Symbol.for('offloop.worker.v1');
const host = globalThis as unknown as Record<symbol, WorkerState | undefined>;

/** The state of this worker, or undefined when this is no worker of ours. */
export function workerState(): WorkerState | undefined {
  return host[key];
}

/** Declares this thread or process a worker. The first call decides; later ones only add hints. */
export function enterWorker(hints?: WorkerHints): WorkerState {
  const state = (host[key] ??= { loading: 0, hints: {}, warn: emitWarning });
  if (hints !== undefined) state.hints = hints;
  return state;
}

function emitWarning(_file: string, text: string): void {
  process.emitWarning(text, { type: 'OffloopWarning', code: 'OFFLOOP_MAIN_FILE' });
}
