/**
 * What crosses between the loop and a worker: data types only. The same messages travel to threads and to processes.
 *
 * Loop to worker: batches, through the pool's mailbox. Worker to loop: one reply per batch, through the same mailbox.
 * Beside it runs a side channel for what does not wait for a batch: cancellation, progress, warnings, and results that
 * must be proven cloneable by actually cloning them.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Encoded } from './error-codec.ts';

/** How a worker finds a function: by module and export, or built from its source text. */
export type FunctionRef =
  | { readonly module: string; readonly export: string; readonly fingerprint: string | undefined }
  | { readonly source: string; readonly name: string };

/** One job; `fn` is a number that `BatchMessage.defs` has introduced to this worker. */
export interface JobRecord {
  readonly fn: number;
  readonly args: readonly unknown[];
  /** Shown by `currentJob()` in the worker. */
  readonly id: number;
  readonly name: string;
  /** Wall-clock time in milliseconds; absent = none. */
  readonly deadline?: number;
  /** True when `args` hold encoded instances of registered classes. */
  readonly encoded?: boolean;
}

/** The first message to a worker. */
export interface Hello {
  readonly side: MessagePort;
  readonly hints: { readonly mainFile?: string | undefined; readonly tsx?: boolean | undefined };
  readonly preload: readonly string[];
  readonly init: FunctionRef | undefined;
  readonly teardown: FunctionRef | undefined;
}

export interface BatchMessage {
  readonly hello?: Hello;
  readonly defs?: readonly (readonly [fn: number, ref: FunctionRef])[];
  readonly jobs: readonly JobRecord[];
  /** Runs `teardown`; no job follows. */
  readonly goodbye?: true;
}

/** `ms` is the running time in the worker. */
export type Outcome =
  | { readonly ok: true; readonly value: unknown; readonly ms: number; readonly encoded?: boolean }
  | { readonly ok: 'side'; readonly ms: number } // the outcome was posted on the side channel just before
  | { readonly ok: false; readonly error: Encoded; readonly ms: number; readonly load?: boolean };

export interface BatchReply {
  /** In the order of the jobs; those that were taken back are missing at the end. */
  readonly outcomes: readonly Outcome[];
  /** The worker could not get ready (`preload`, `init`): no job was run. */
  readonly unready?: Encoded;
}

/** Loop to worker, beside the batches. */
export interface CancelNotice {
  readonly cancel: number; // sequence number of the job
  readonly reason: Encoded;
}

/** Worker to loop, beside the replies. */
export type SideMessage =
  | { readonly type: 'outcome'; readonly value: unknown; readonly encoded: boolean }
  | { readonly type: 'progress'; readonly id: number; readonly value: unknown }
  | { readonly type: 'warning'; readonly file: string; readonly text: string };
