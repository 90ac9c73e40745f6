/** What the watched thread and its watchdog say to each other, beside the heartbeat. Data types only. */
import type { MessagePort } from 'node:worker_threads';
import type { SlowReport } from '../base/slow-report.ts';

export interface WatchdogData {
  readonly heartbeat: SharedArrayBuffer;
  readonly pending: SharedArrayBuffer;
  readonly threshold: number;
  /** Milliseconds between two beats. */
  readonly beat: number;
  readonly debug: boolean;
  readonly profile: number | false;
  readonly log: boolean | string;
  /** The process lets itself be inspected. */
  readonly inspect: boolean;
  readonly capture: 'evaluate' | 'pause';
  readonly port: MessagePort;
}

export type FromWatchdog = { readonly type: 'ready' } | { readonly type: 'report'; readonly report: SlowReport };
export type ToWatchdog = 'stop';
