/**
 * What a submitter and its workers say to each other: data types only. Everything that holds a user's data travels sealed (see
 * `wire/envelope.ts`); what is left in the open are ids and counts.
 *
 * A shipment is one job of the queue. It carries one or more jobs of one function: cheap ones travel many per shipment.
 */
import type { Carried } from '../wire/protocol.ts';
import type { Encoded } from '../wire/error-codec.ts';
import type { OnCancel } from './executor.ts';

/** The data of a job in the queue: the sealed shipment as text, or where it lies. */
export type ShipmentData = { readonly sealed: string } | { readonly blob: string };

export interface Shipment {
  /** Who waits for it: names the channel of the answers. */
  readonly from: string;
  /** Milliseconds for which workers that do not know the function hand it on, counted from `at`; then it fails. */
  readonly patience: number;
  /** When it was made, on the server's clock. */
  readonly at: number;
  /** What the function looks like at the submitter: a worker's must look the same. */
  readonly fingerprint: string | undefined;
  readonly jobs: readonly RemoteJob[];
}

export interface RemoteJob {
  readonly args: readonly unknown[];
  /** True when `args` hold encoded instances of registered classes. */
  readonly encoded: boolean;
  readonly name: string;
  readonly onCancel: OnCancel;
  readonly grace: number;
  readonly timeout: number;
  /** On the server's clock: it must not begin later. */
  readonly startBy: number;
  readonly progress: boolean;
  readonly context: Carried | null;
  /** Above 0: a generator, and so many items may come before more are asked for. */
  readonly credit: number;
}

/** What became of the jobs of a shipment, in their order. */
export interface Outcome {
  readonly kind: number; // VALUE, CODED_VALUE or ERROR of `wire/protocol.ts`, or UNBEGUN
  /** Milliseconds that it ran. */
  readonly ms: number;
  readonly payload: unknown;
}

/** It was not begun: its time had passed, or it had been cancelled. */
export const UNBEGUN = 5;
/** It was stopped while it ran, because it was cancelled or its worker was told to end. */
export const STOPPED = 6;
/** It ran longer than its `timeout`. */
export const EXPIRED = 7;

export interface Result {
  /** On the server's clock. */
  readonly startedAt: number;
  readonly outcomes: readonly Outcome[];
}

/** As a result, with nothing in the place of jobs that still run. */
export interface PartialResult {
  readonly startedAt: number;
  readonly outcomes: readonly (Outcome | null | undefined)[];
}

/** On the channel of a submitter, several per message. `attempt` counts the deliveries of the shipment. */
export type Answer =
  | { readonly t: 'done'; readonly id: string; readonly result: string } // as in the queue's return value
  | { readonly t: 'failed'; readonly id: string; readonly reason: string }
  | { readonly t: 'part'; readonly id: string; readonly attempt: number; readonly sealed: string } // some of its jobs are over
  | { readonly t: 'started'; readonly id: string; readonly attempt: number; readonly job: number }
  | { readonly t: 'progress'; readonly id: string; readonly attempt: number; readonly job: number; readonly sealed: string }
  | { readonly t: 'items'; readonly id: string; readonly attempt: number; readonly job: number };

/** On the control channel of a pool; sealed. */
export type Control =
  | { readonly t: 'cancel'; readonly id: string; readonly job: number; readonly reason: Encoded }
  | { readonly t: 'credit'; readonly id: string; readonly job: number; readonly total: number } // since the stream began: one that is lost is made up for by the next
  | { readonly t: 'close'; readonly id: string; readonly job: number };

/** What each worker tells of itself every few seconds. */
export interface WorkerNote {
  readonly at: number; // on the server's clock
  readonly host: string;
  readonly pid: number;
  readonly concurrency: number;
  readonly busy: number;
  readonly functions: readonly string[];
}
