/**
 * What is told about one block of the event loop, and what a monitor can be told. Types only; on the ground floor because
 * `run()` takes and hands on both, and knows no monitor.
 */

export type BlockCause =
  | 'javascript' // one callback computed for long
  | 'native' // one call into Node or an addon did
  | 'many-callbacks' // each short, one after the other without a turn of the loop
  | 'sync-wait' // the thread slept inside a synchronous call
  | 'gc'
  | 'cpu-starved' // others had the CPU
  | 'suspended' // the whole process stood still: SIGSTOP, a paused container
  | 'startup' // modules were being loaded
  | 'unknown';

/** How sure `where` is: the line, the function, something close to it, the task only, or nothing. */
export type Confidence = 'exact' | 'function' | 'near' | 'task-only' | 'none';

export interface StackFrame {
  fn: string;
  file: string;
  line: number;
  column: number;
  async?: boolean;
}

export interface SlowReport {
  /** When the block began: milliseconds since 1970. */
  at: number;
  /** Milliseconds. */
  duration: number;
  threshold: number;
  cause: BlockCause;
  confidence: Confidence;
  /** The blocking line of the program; `native` names the call inside it. */
  where?: StackFrame & { native?: string };
  /** Frames of the program, innermost first, async ones after. */
  stack?: readonly StackFrame[];
  task?: { id: number; name: string; spawnedAt?: string };
  /** 0 is the main thread. */
  thread: number;
  /** Milliseconds on the CPU, waiting for one (null: this system does not tell), collecting garbage; and the callbacks seen. */
  cpu: { run: number; runQueue: number | null; gc: number; callbacks: number };
  samples: number;
  /** All of this as a block of text. */
  message: string;
}

export interface MonitorOptions {
  /** `watch` (default) costs a production server 1 to 2 % of CPU; `debug` sees shorter blocks, with a rolling CPU profile. */
  mode?: 'watch' | 'debug';
  /** Milliseconds from which on a block is reported: 20 or more (10 in debug mode). Default 100; 20 in debug mode. */
  threshold?: number;
  /** Milliseconds between two beats, less than `threshold`. Default 25; 5 in debug mode; less for a small threshold. */
  heartbeat?: number;
  /** Milliseconds between two samples of the rolling CPU profile, or false for none. Default: none; 5 in debug mode. */
  profile?: number | false;
  /**
   * How the blocked thread is asked where it is. `evaluate` (default) interrupts it. `pause` halts it with the debugger for the
   * moment of the question, a fallback for programs in which the stack cannot be read otherwise (`--frozen-intrinsics`): the
   * debugger is on while a block lasts, and what a pause finds running loses its optimised code. Not together with a debugger of your own.
   */
  capture?: 'evaluate' | 'pause';
  /** How many reports `snapshot().slow` keeps. Default 100. */
  keep?: number;
  /** Called with each report, as soon as the loop turns again. */
  onSlow?: (r: SlowReport) => void;
  /** true (default): text to stderr, printed by the watchdog also while the loop is blocked; a path: JSON lines to that file; false: neither. */
  log?: boolean | string;
  /** Path of an HTML report, written at exit. */
  report?: string;
}
