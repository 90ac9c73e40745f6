/** What a contract test has in its hands: a way to make executors, and what they can do. */
import { afterAll, afterEach } from 'vitest';
import type { Executor, PoolOptions } from '../../../src/index.ts';
import { collectReports } from '../../support/fake-worker.ts';

export interface Traits {
  /** Jobs run in threads or processes of their own: they may block, spin and crash. */
  readonly separate: boolean;
  /** Workers are processes of their own. */
  readonly processes: boolean;
  /** Arguments may hold a SharedArrayBuffer. */
  readonly sharedMemory: boolean;
}

export interface Subject extends Traits {
  /** An executor that is shut down after the test. */
  use(options?: PoolOptions): Executor;
  /** One that other tests have used or will use, where it does not matter: starting workers is what takes time here. */
  shared(max: number): Executor;
  /** What the exception handler of the process heard during the test. */
  readonly reports: ReturnType<typeof collectReports>;
}

/** Inside a `describe`. */
export function makeSubject(make: (options?: PoolOptions) => Executor, traits: Traits): Subject {
  const reports = collectReports();
  const made: Executor[] = [];
  afterEach(async () => {
    await Promise.all(made.splice(0).map((executor) => executor.shutdown({ cancelPending: true, timeout: 10_000 })));
  });
  const use = (options?: PoolOptions): Executor => {
    made.push(make(options));
    return made.at(-1)!;
  };
  const lasting = new Map<number, Executor>();
  afterAll(async () => {
    await Promise.all([...lasting.values()].map((executor) => executor.shutdown({ cancelPending: true, timeout: 10_000 })));
  });
  const shared = (max: number): Executor => {
    let executor = lasting.get(max);
    if (executor === undefined) lasting.set(max, (executor = make({ max })));
    return executor;
  };
  return { ...traits, reports, use, shared };
}
