/** What a slot needs from a worker, whatever it is made of: a thread now, a process later. */
import type { WorkerDiedInit } from '../base/errors.ts';
import type { ControlBlock } from '../wire/control.ts';
import type { BatchMessage, BatchReply, CancelNotice, Hello, SideMessage } from '../wire/protocol.ts';

/** How a worker ended without being asked to. */
export interface WorkerDeath {
  readonly why: WorkerDiedInit['why'];
  readonly exitCode: number | null;
  readonly signalName: string | null;
  readonly cause: unknown;
}

export interface WorkerListener {
  /** The worker is gone; no reply will come. Not called after `terminate()`. */
  died(death: WorkerDeath): void;
  side(message: SideMessage): void;
}

export interface WorkerHandle {
  readonly control: ControlBlock;
  /** For the first message: the worker's end of the side channel, to be transferred with it. */
  readonly hello: Pick<Hello, 'side'>;
  /** Posts a batch. Rejects when the message cannot be cloned; never settles when the worker dies (`died` says so). */
  send(message: BatchMessage, transfer: readonly object[]): Promise<BatchReply>;
  /** Takes the next side message that has arrived, without waiting. */
  receive(): SideMessage | undefined;
  notify(notice: CancelNotice): void;
  /** Resolves when the worker is gone, whatever ended it. */
  readonly gone: Promise<void>;
  /** Kills the worker; resolves when it is gone. */
  terminate(): Promise<void>;
}

export type StartWorker = (listener: WorkerListener) => WorkerHandle;
