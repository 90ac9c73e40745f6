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
  /** Path of the HTML report. */
  readonly report: string | undefined;
  /** The program's file. */
  readonly command: readonly string[];
  /** The process lets itself be inspected. */
  readonly inspect: boolean;
  readonly capture: 'evaluate' | 'pause';
  readonly port: MessagePort;
}

export type FromWatchdog =
  | { readonly type: 'ready' }
  | { readonly type: 'report'; readonly report: SlowReport }
  /** Where is this worker? Each question gets one `answer`. */
  | { readonly type: 'ask'; readonly id: number; readonly thread: number }
  /** The answer to `page`: what it could not make has an error. */
  | { readonly type: 'page'; readonly html: string; readonly error?: string }
  /** The last word after `stop`, unless the process ends: what a page can be made of later. */
  | { readonly type: 'log'; readonly text: string };

export type ToWatchdog =
  | { readonly type: 'stop'; readonly exiting: boolean }
  | { readonly type: 'page' }
  | { readonly type: 'follow'; readonly thread: number; readonly heartbeat: SharedArrayBuffer }
  | { readonly type: 'unfollow'; readonly thread: number }
  /** When it was asked, and what the worker's hub said; nothing when it did not answer. */
  | { readonly type: 'answer'; readonly id: number; readonly asked: number; readonly value: string | null }
  | { readonly type: 'executors'; readonly at: number; readonly executors: Readonly<Record<string, object>> };
