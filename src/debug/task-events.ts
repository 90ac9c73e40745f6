/**
 * Tells of tasks on `node:diagnostics_channel`. Whether somebody listens is asked once per run, when it starts: the kernel looks
 * for a probe at each of these points anyway, so a task of which nobody wants to hear costs nothing more than it did.
 */
import { channel } from 'node:diagnostics_channel';
import type { Instrument } from '../core/probe.ts';
import type { Task, TaskCore, TaskState } from '../core/task.ts';

/** `offloop:task:spawned`: a task of a `run()` was made; it starts later. Jobs are tasks, too. */
export interface TaskSpawnedEvent {
  /** For whoever keeps something about it in a WeakMap. Do not await it here: that counts as handling its failure. */
  readonly task: Task<unknown>;
  readonly id: number;
  readonly name: string;
  /** The task that answers for it; null for main and background tasks. */
  readonly parent: number | null;
}

/** `offloop:task:settled`: it has ended, and so have its children. */
export interface TaskSettledEvent extends TaskSpawnedEvent {
  readonly state: Extract<TaskState, 'done' | 'failed' | 'cancelled'>;
  /** What it failed with; undefined otherwise. */
  readonly error: unknown;
}

const spawned = channel('offloop:task:spawned');
const settled = channel('offloop:task:settled');

function about(task: Task<unknown>): TaskSpawnedEvent {
  return { task, id: task.id, name: task.name, parent: task.parentTask?.id ?? null };
}

const publisher: Instrument = {
  taskSpawned(task) {
    if (spawned.hasSubscribers) spawned.publish(about(task));
  },
  taskExited(task) {
    if (!settled.hasSubscribers) return;
    const state = task.state as TaskSettledEvent['state'];
    const event: TaskSettledEvent = { ...about(task), state, error: (task as TaskCore).failure };
    settled.publish(event);
  },
};

/** The instruments of a run, and one more if somebody listens. */
export function withTaskEvents(instruments: readonly Instrument[]): readonly Instrument[] {
  return spawned.hasSubscribers || settled.hasSubscribers ? [...instruments, publisher] : instruments;
}
