/**
 * What is told about jobs and executors on `node:diagnostics_channel`. While nobody has subscribed, each of these points costs
 * one read of `hasSubscribers`: no message is made.
 */
import { channel } from 'node:diagnostics_channel';
import type { Channel } from 'node:diagnostics_channel';
import type { Task } from '../core/task.ts';
import type { ExecutorStats } from './executor.ts';
import type { Job } from './job.ts';

/** Which executor it is. */
export interface ExecutorLabel {
  readonly name: string;
  readonly kind: ExecutorStats['kind'];
}

/** What all messages about a job have in common. */
export interface JobEvent {
  /** The job itself, for whoever keeps something about it in a WeakMap. Do not await it here: that counts as handling its failure. */
  readonly job: Task<unknown>;
  readonly id: number;
  /** The function's name, or the `name` the job was given. */
  readonly name: string;
  /** The function: its name, and the URL of its module and its export there; a plain function has neither of the two. */
  readonly function: { readonly name: string; readonly module: string | undefined; readonly export: string | undefined };
  readonly executor: ExecutorLabel;
}

/** `offloop:job:submitted`: published in the course of the submitting call, in its context. */
export interface JobSubmittedEvent extends JobEvent {
  /**
   * A subscriber may set it to an OpenTelemetry context: then that one travels to the worker with the job, instead of the one
   * that is active where the job is submitted.
   */
  context: unknown;
}

/**
 * `offloop:job:started`: the job was handed to a worker, which begins it at once, or after the small jobs that travel in front of
 * it. A job that a worker gave back because it was held up is told of again.
 */
export interface JobStartedEvent extends JobEvent {
  /** Milliseconds from submit to now. */
  readonly waitTime: number;
  /** The thread's `threadId`, or the child's process id; undefined where the executor does not know. */
  readonly worker: number | undefined;
}

/** `offloop:job:ended`: whatever the outcome; every job that was submitted ends once. */
export interface JobEndedEvent extends JobEvent {
  readonly outcome: 'completed' | 'failed' | 'cancelled';
  /** Milliseconds from submit until it was handed to a worker; null: it never was. */
  readonly waitTime: number | null;
  /** Milliseconds that the worker spent on it; null: it never began. */
  readonly runTime: number | null;
  /** What it failed with; undefined otherwise. */
  readonly error: unknown;
}

/** `offloop:executor:ended`: it has been shut down, and its figures will not change any more. */
export interface ExecutorEndedEvent {
  readonly executor: ExecutorLabel;
  readonly statistics: ExecutorStats;
}

export const jobSubmitted: Channel = channel('offloop:job:submitted');
export const jobStarted: Channel = channel('offloop:job:started');
export const jobEnded: Channel = channel('offloop:job:ended');
export const executorEnded: Channel = channel('offloop:executor:ended');

const outcomes: Readonly<Record<string, JobEndedEvent['outcome']>> = { done: 'completed', failed: 'failed' };

function about(job: Job, executor: ExecutorLabel): JobEvent {
  const { name, ref } = job.fn;
  const address = 'module' in ref ? ref : undefined;
  return { job, id: job.id, name: job.name, function: { name, module: address?.module, export: address?.export }, executor };
}

/** Returns the context that a subscriber wants to travel with the job; undefined: the active one. */
export function tellSubmitted(job: Job, executor: ExecutorLabel | undefined): unknown {
  if (executor === undefined) return undefined;
  const event: JobSubmittedEvent = { ...about(job, executor), context: undefined };
  jobSubmitted.publish(event);
  return event.context;
}

export function tellStarted(job: Job, executor: ExecutorLabel | undefined, worker: number | undefined): void {
  if (executor === undefined) return;
  const event: JobStartedEvent = { ...about(job, executor), waitTime: job.sentAt - job.submittedAt, worker };
  jobStarted.publish(event);
}

/** `ms` = how long it ran; 0 = it never began. */
export function tellEnded(job: Job, executor: ExecutorLabel | undefined, ms: number): void {
  if (executor === undefined) return;
  const waitTime = job.sentAt > 0 ? job.sentAt - job.submittedAt : null;
  const event: JobEndedEvent = {
    ...about(job, executor),
    outcome: outcomes[job.state] ?? 'cancelled',
    waitTime,
    runTime: ms > 0 ? ms : null,
    error: job.failure,
  };
  jobEnded.publish(event);
}

export function tellExecutorEnded(executor: ExecutorLabel, statistics: () => ExecutorStats): void {
  if (!executorEnded.hasSubscribers) return;
  const event: ExecutorEndedEvent = { executor, statistics: statistics() };
  executorEnded.publish(event);
}
