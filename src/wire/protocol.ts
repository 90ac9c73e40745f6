/**
 * What crosses between the loop and a worker: data types only. The same messages travel to threads and to processes, on one
 * channel per worker, in order.
 *
 * The two hot messages are flat arrays, because cloning an object with an array of objects costs twice as much: a batch of
 * jobs one way, their outcomes the other. Everything rare is an object with a `type`.
 */
import type { Encoded } from './error-codec.ts';

/** How a worker finds a function: by module and export, or built from its source text. */
export type FunctionRef =
  | { readonly module: string; readonly export: string; readonly fingerprint: string | undefined }
  | { readonly source: string; readonly name: string };

/** The first message to a worker, before any batch. */
export interface Hello {
  readonly hints: { readonly mainFile?: string | undefined; readonly tsx?: boolean | undefined; readonly tsxFrom?: string | undefined };
  readonly preload: readonly string[];
  readonly init: FunctionRef | undefined;
  readonly teardown: FunctionRef | undefined;
  /** The loop wants to know how large the heap is. */
  readonly watchHeap?: boolean;
}

/** The answer: `unready` says why no job can run there (`preload` or `init` failed). */
export interface Ready {
  readonly unready?: Encoded;
}

/**
 * Jobs, four fields each. `fn` is a number that a `define` message introduced to this worker before. Both sides count the
 * jobs; the control block tells by that number which of them may run: jobs can be taken back until they are claimed.
 */
export type Batch = readonly (number | readonly unknown[] | JobExtras | null)[];
export const JOB_FIELDS = 4; // fn, id, args, extras

export interface JobExtras {
  /** Shown by `currentJob()`, where it is not the function's. */
  readonly name?: string;
  /** Milliseconds from the start of the job, for its `deadline`; absent = none. */
  readonly timeout?: number;
  /** True when `args` hold encoded instances of registered classes. */
  readonly encoded?: true;
  /** What a generator yields is wanted, and so many items may come before the loop has asked for more. */
  readonly credit?: number;
  /** `args` hold callbacks: objects with this one key, whose value is the number of the callback. */
  readonly callbacks?: string;
  readonly context?: Carried;
}

/** The context of the submitting call. */
export interface Carried {
  /** Values of AsyncLocalStorages, by the name given to `carryContext`. */
  readonly values: Readonly<Record<string, unknown>>;
  /** True when `values` hold encoded instances of registered classes. */
  readonly encoded: boolean;
  /** OpenTelemetry's, as its propagator wrote it. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Loop to a running job, `id` is the job's. */
export type ToJob =
  | { readonly type: 'credit'; readonly id: number; readonly items: number } // so many more items may come
  | { readonly type: 'close'; readonly id: number } // nobody wants more items; a `cancel` follows
  | { readonly type: 'reply'; readonly id: number; readonly call: number; readonly kind: number; readonly payload: unknown };

/** Running job to loop. */
export type FromJob =
  | { readonly type: 'items'; readonly id: number; readonly items: readonly unknown[]; readonly encoded: boolean } // empty: it is a generator
  | {
      readonly type: 'call';
      readonly id: number;
      readonly call: number;
      readonly callback: number;
      readonly args: readonly unknown[];
      readonly encoded: boolean;
    };

/** Loop to worker. */
export type ToWorker =
  | Batch
  | { readonly type: 'define'; readonly fn: number; readonly ref: FunctionRef; readonly name: string }
  | { readonly type: 'cancel'; readonly sequence: number; readonly reason: Encoded }
  | ToJob
  | { readonly type: 'goodbye' }; // runs the teardown; no job follows

/** Kinds of outcome. */
export const VALUE = 0;
export const CODED_VALUE = 1; // holds encoded instances of registered classes
export const ERROR = 2;
export const LOAD_ERROR = 3; // the module of the function failed to load
export const TAKEN_BACK = 4; // it was taken back before it began (told by workers that share no memory with the loop)

/**
 * What became of the jobs, in their order, three fields each: kind, running time in milliseconds, value or encoded error.
 * Jobs whose result stands in the control block are left out; an empty message says that there are such.
 */
export type Outcomes = readonly unknown[];
export const OUTCOME_FIELDS = 3;

/** Worker to loop. */
export type FromWorker =
  | Outcomes
  | FromJob
  | { readonly type: 'progress'; readonly id: number; readonly value: unknown }
  | { readonly type: 'warning'; readonly file: string; readonly text: string }
  | { readonly type: 'goodbye'; readonly failed?: Encoded }; // the teardown is over; `failed` is what it threw

/** What a child leaves behind in its control file when it exits. */
export interface LastWords {
  /** What nobody caught. */
  readonly uncaught: Encoded | null;
  /** Number of the first of the messages, as the parent counts them. */
  readonly from: number;
  /** Those that may not have left: a large result takes its time, and exiting does not wait for it. */
  readonly messages: readonly Uint8Array[];
}
