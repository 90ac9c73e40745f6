/** What is told about one block of the event loop. Data types only: they travel from the watchdog, and into the log. */

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
