/** What a slot needs from a worker, whatever it is made of: a thread, a process, or this loop. */
import type { WorkerDiedInit } from '../base/errors.ts';
import type { Whereabouts } from '../base/whereabouts.ts';
import type { LoopControl } from '../wire/control.ts';
import type { FromWorker, Ready, ToWorker } from '../wire/protocol.ts';

/** How a worker ended without being asked to. */
export interface WorkerDeath {
  readonly why: WorkerDiedInit['why'];
  readonly exitCode: number | null;
  readonly signalName: string | null;
  readonly cause: unknown;
}

export interface WorkerListener {
  /** It can run jobs now, or never will. Those that were sent before wait in its mailbox. */
  ready(ready: Ready): void;
  message(message: FromWorker): void;
  /** The worker is gone; `last` is what it still said, nothing more will come. Not called after `terminate()`. */
  died(death: WorkerDeath, last: readonly FromWorker[]): void;
}

export interface WorkerHandle {
  /** As the operating system or Node numbers it: a thread's `threadId`, a child's process id. */
  readonly id?: number | undefined;
  readonly control: LoopControl;
  /** How many jobs may be on their way there at once, where that is less than the control block can hold. */
  readonly capacity?: number;
  /** Posts a message. Throws when it cannot be cloned: then nothing was sent and nothing transferred. */
  send(message: ToWorker, transfer: readonly object[]): void;
  /** Whether the process must stay alive for this worker's sake. */
  keepAlive(on: boolean): void;
  /** Resolves when the worker is gone, whatever ended it. */
  readonly gone: Promise<void>;
  /** Where it is just now; null when nobody can tell. */
  where?(): Promise<Whereabouts> | null;
  /** Kills the worker; resolves when it is gone. */
  terminate(): Promise<void>;
}

export type StartWorker = (listener: WorkerListener) => WorkerHandle;
