/** Many cheap jobs, which may travel together: nobody must notice, whatever happens to one of them. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { WorkerDiedError } from '../../../src/index.ts';
import type { Executor, Task } from '../../../src/index.ts';
import { mixed } from '../../fixtures/jobs/mixed.ts';
import type { What } from '../../fixtures/jobs/mixed.ts';
import { scratch } from '../../support/gates.ts';
import type { Subject } from './subject.ts';

const WARM = 400;

/** Runs enough jobs for the executor to know that they are cheap. */
async function warm(executor: Executor): Promise<void> {
  await executor.warmup();
  for (let i = 0; i < WARM; i += 40) await Promise.all(Array.from({ length: 40 }, (_, k) => executor.submit(mixed, [k])));
}

/** As many jobs at once as the list says. */
const submit = (executor: Executor, what: readonly What[]): Task<unknown>[] => what.map((w, n) => executor.submit(mixed, [n, w]));
const some = (n: number, what: What): What[] => new Array<What>(n).fill(what);
const numbers = (n: number): number[] => Array.from({ length: n }, (_, k) => k);

function gate(): { block: What; open(): void; began(): boolean } {
  const [until, began] = [join(scratch(), `gate-${Math.random()}`), join(scratch(), `began-${Math.random()}`)];
  return { block: { until, began }, open: () => writeFileSync(until, ''), began: () => existsSync(began) };
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await turn();
}

export function batches({ use, separate }: Subject): void {
  it('each of many jobs gets its own result', async () => {
    const executor = use({ max: 2 });
    await warm(executor);
    const what = numbers(2000).map((n) => (n % 7 === 0 ? 'text' : 'quick') as What);
    expect(await Promise.all(submit(executor, what))).toEqual(numbers(2000).map((n) => (n % 7 === 0 ? `text ${n}` : n)));
  });

  it.runIf(separate)(
    'a crash is the fault of exactly that job: results from before it are kept, those after it run (138, 140)',
    async () => {
      const executor = use({ max: 1 });
      await warm(executor);
      const jobs = submit(executor, [...some(30, 'quick'), ...some(3, 'text'), 'exit', ...some(30, 'quick')]);
      const outcomes = await Promise.allSettled(jobs);
      expect(outcomes.flatMap(({ status }, n) => (status === 'rejected' ? [n] : []))).toEqual([33]);
      expect((outcomes[33] as PromiseRejectedResult).reason).toBeInstanceOf(WorkerDiedError);
      expect(executor.statistics()).toMatchObject({ completed: WARM + 63, failed: 1, respawned: 1 });
    },
  );

  it.runIf(separate)('results do not wait for a later job that takes long, in the only worker', async () => {
    const executor = use({ max: 1 });
    await warm(executor);
    const { block, open, began } = gate();
    const jobs = submit(executor, [...some(40, 'quick'), 'text', ...some(10, 'quick'), block, ...some(10, 'quick')]);
    expect(await Promise.all(jobs.slice(0, 51))).toHaveLength(51);
    await until(began);
    expect(jobs.slice(51).map((job) => job.settled)).toEqual(new Array(11).fill(false));
    open();
    await Promise.all(jobs);
  });

  it.runIf(separate)('jobs behind one that takes long run in a worker that is idle', async () => {
    const executor = use({ max: 2, min: 2 });
    await warm(executor);
    const { block, open, began } = gate();
    const jobs = submit(executor, [...some(100, 'quick'), block, ...some(100, 'quick')]);
    const quick = jobs.filter((_, n) => n !== 100);
    await Promise.all(quick);
    await until(began);
    expect(jobs[100]!.settled).toBe(false);
    open();
    expect(await jobs[100]).toBe(100);
  });

  it.runIf(separate)('a job that is cancelled behind others ends at once and never runs; its neighbours do', async () => {
    const executor = use({ max: 1 });
    await warm(executor);
    const { block, open, began } = gate();
    const jobs = submit(executor, [...some(20, 'quick'), block, ...some(20, 'quick')]);
    await Promise.all(jobs.slice(0, 20));
    await until(began);
    expect(executor.statistics()).toMatchObject({ running: 1, queued: 20 });
    jobs[30]!.cancel();
    expect(jobs[30]!.state).toBe('cancelled');
    open();
    await Promise.allSettled(jobs);
    expect(jobs.filter((job) => job.state !== 'done')).toEqual([jobs[30]]);
    expect(executor.statistics()).toMatchObject({ respawned: 0, cancelled: 1 });
  });

  it.runIf(separate)('a job that does not stop costs its worker, and no other job (53)', async () => {
    const executor = use({ max: 1 });
    await warm(executor);
    const { block, began } = gate();
    const jobs = submit(executor, [...some(20, 'quick'), ...some(20, 'text')]);
    const stuck = executor.submit(mixed, [0, block], { grace: 5 });
    const later = submit(executor, some(20, 'quick'));
    await until(began);
    stuck.cancel();
    await stuck.wait();
    expect(stuck.state).toBe('cancelled');
    expect(await Promise.all([...jobs, ...later])).toHaveLength(60);
    expect(executor.statistics()).toMatchObject({ completed: WARM + 60, cancelled: 1, respawned: 1 });
  });

  it.runIf(separate)('the time limit of a job counts from its own start (141)', async () => {
    const executor = use({ max: 1 });
    await warm(executor);
    const { block, open, began } = gate();
    const first = executor.submit(mixed, [0, block]);
    const limited = numbers(40).map((n) => executor.submit(mixed, [n], { timeout: 200 }));
    await until(began);
    await new Promise((resolve) => setTimeout(resolve, 250));
    open();
    expect(await Promise.all(limited)).toEqual(numbers(40));
    await first;
  });

  it('while 10,000 results arrive, the loop goes on (142)', async () => {
    const executor = use({ max: 2 });
    await warm(executor);
    let turns = 0;
    let going = true;
    const spin = (): void => {
      turns++;
      if (going) setImmediate(spin);
    };
    const all = Promise.all(numbers(10_000).map((n) => executor.submit(mixed, [n])));
    spin();
    await all;
    going = false;
    expect(turns).toBeGreaterThan(3);
  });
}
