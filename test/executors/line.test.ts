import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/executors/job.ts';
import { JobQueue } from '../../src/executors/job-queue.ts';
import { Line } from '../../src/executors/line.ts';
import type { Home } from '../../src/executors/line.ts';
import { makeJob } from '../support/jobs.ts';

class Worker implements Home {
  readonly bound: JobQueue = new JobQueue(true);
}

const quiet = (): void => {};

function entered(line: Line<Worker>, ...jobs: Job[]): Job[] {
  for (const job of jobs) line.enter(job);
  return jobs;
}

describe('places in the queue', () => {
  it('are limited: who comes later is held, and moves up when a place is free', () => {
    const line = new Line<Worker>(2);
    const jobs = entered(line, makeJob(), makeJob(), makeJob(), makeJob());
    expect(jobs.map((job) => job.phase)).toEqual(['queued', 'queued', 'held', 'held']);
    expect([line.queued, line.held, line.full, line.empty]).toEqual([2, 2, true, false]);
    expect(line.take(new Worker(), quiet)).toBe(jobs[0]);
    expect(jobs.map((job) => job.phase)).toEqual(['queued', 'queued', 'queued', 'held']);
    line.remove(jobs[3]!);
    expect([line.queued, line.held]).toEqual([2, 0]);
  });

  it('with none at all everybody is held, and is taken from there', () => {
    const line = new Line<Worker>(0);
    const jobs = entered(line, makeJob({ priority: 1 }), makeJob());
    expect([line.queued, line.held, line.full, line.empty]).toEqual([0, 2, true, false]);
    const worker = new Worker();
    expect([line.take(worker, quiet), line.take(worker, quiet), line.take(worker, quiet)]).toEqual([jobs[1], jobs[0], null]);
    expect(line.empty).toBe(true);
  });

  it('go by priority among those who are held', () => {
    const line = new Line<Worker>(1);
    const [first, , urgent] = entered(line, makeJob(), makeJob(), makeJob({ priority: -1 }));
    line.remove(first!);
    expect(urgent!.phase).toBe('queued');
  });

  it('are given back to jobs that did not begin, ahead of all younger ones', () => {
    const line = new Line<Worker>(2);
    const jobs = entered(line, makeJob(), makeJob(), makeJob(), makeJob());
    const worker = new Worker();
    const sent = [line.take(worker, quiet)!, line.take(worker, quiet)!];
    line.putBack(sent);
    expect(line.toArray()).toEqual(jobs);
    expect(sent.map((job) => job.phase)).toEqual(['queued', 'queued']);
  });
});

describe('affinity', () => {
  const k = { affinity: 'k' };

  it('binds a job to the worker that ran the last of its key', () => {
    const line = new Line<Worker>(Infinity);
    const [home, other] = [new Worker(), new Worker()];
    line.settle(makeJob(k), home);
    const [bound, free] = entered(line, makeJob(k), makeJob());
    const moved: Worker[] = [];
    expect(line.take(other, (to) => moved.push(to))).toBe(free);
    expect(moved).toEqual([home]);
    expect(line.take(other, quiet)).toBe(null);
    expect([line.queued, line.empty]).toEqual([1, true]);
    expect(line.take(home, quiet)).toBe(bound);
    expect(line.queued).toBe(0);
  });

  it('a home takes its own jobs and the common ones by priority and age', () => {
    const line = new Line<Worker>(Infinity);
    const [home, other] = [new Worker(), new Worker()];
    line.settle(makeJob(k), home);
    const [bound, common, urgent] = entered(line, makeJob(k), makeJob(), makeJob({ priority: -1 }));
    expect(line.take(other, quiet)).toBe(urgent);
    const young = entered(line, makeJob({ ...k, priority: 1 }))[0];
    expect([line.take(home, quiet), line.take(home, quiet), line.take(home, quiet)]).toEqual([bound, common, young]);
  });

  it('says what a new worker could run, without taking it', () => {
    const line = new Line<Worker>(Infinity);
    const home = new Worker();
    line.settle(makeJob(k), home);
    entered(line, makeJob(k));
    expect(line.next(null, quiet)).toBe(null);
    const [free] = entered(line, makeJob());
    expect([line.next(null, quiet), line.next(null, quiet)]).toEqual([free, free]);
  });

  it('ends with the worker: its jobs are next for any, in their order', () => {
    const line = new Line<Worker>(Infinity);
    const [home, other] = [new Worker(), new Worker()];
    line.settle(makeJob(k), home);
    const jobs = entered(line, makeJob(k), makeJob(k), makeJob(), makeJob());
    expect(line.take(other, quiet)).toBe(jobs[2]);
    line.forget(home);
    expect(line.toArray()).toEqual([jobs[0], jobs[1], jobs[3]]);
    expect(line.homeOf(jobs[0]!)).toBe(undefined);
    expect(line.queued).toBe(3);
  });

  it('a lost home lets nobody in who is held', () => {
    const line = new Line<Worker>(2);
    const [home, other] = [new Worker(), new Worker()];
    line.settle(makeJob(k), home);
    const jobs = entered(line, makeJob(k), makeJob(k), makeJob());
    expect(line.take(other, quiet)).toBe(jobs[2]); // held, but the only one that may run there
    const [held] = entered(line, makeJob());
    line.forget(home);
    expect([line.queued, held!.phase]).toEqual([2, 'held']);
  });

  it('remembers a limited number of keys, and forgets the one used longest ago', () => {
    const line = new Line<Worker>(Infinity);
    const home = new Worker();
    const used = (affinity: string): void => line.settle(makeJob({ affinity }), home);
    for (let i = 0; i < 10_000; i++) used(`k${i}`);
    used('k0');
    used('one more');
    expect(line.homeOf(makeJob({ affinity: 'k1' }))).toBe(undefined);
    expect(line.homeOf(makeJob({ affinity: 'k0' }))).toBe(home);
  });

  it('jobs that are bound already are listed although their key was forgotten', () => {
    const line = new Line<Worker>(Infinity);
    const home = new Worker();
    line.settle(makeJob(k), home);
    const [bound] = entered(line, makeJob(k));
    line.next(null, quiet);
    for (let i = 0; i < 10_001; i++) line.settle(makeJob({ affinity: `k${i}` }), new Worker());
    expect(line.toArray()).toEqual([bound]);
  });
});

describe('the list of all who wait', () => {
  it('has the queued, the bound and the held, and is not changed by what happens to them', () => {
    const line = new Line<Worker>(2);
    const home = new Worker();
    line.settle(makeJob({ affinity: 'k' }), home);
    const jobs = entered(line, makeJob({ affinity: 'k' }), makeJob(), makeJob(), makeJob());
    line.next(null, quiet);
    const all = line.toArray();
    for (const job of all) line.remove(job);
    expect(new Set(all)).toEqual(new Set(jobs));
    expect(all).toHaveLength(jobs.length);
    expect([line.queued, line.held, line.empty]).toEqual([0, 0, true]);
  });
});

describe('whatever comes and goes', () => {
  type Step = { enter: number; key: string | undefined } | { take: number } | { leave: number } | { back: true } | { lose: number };
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ enter: fc.integer({ min: -1, max: 1 }), key: fc.constantFrom('a', 'b', undefined) }) },
    { weight: 4, arbitrary: fc.record({ take: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ leave: fc.nat(20) }) },
    { weight: 1, arbitrary: fc.record({ back: fc.constant(true as const) }) },
    { weight: 1, arbitrary: fc.record({ lose: fc.nat(2) }) },
  );

  it('no job is lost or handed out twice, each priority is first come first served, and bound jobs go home', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.constantFrom(0, 2, Infinity), (steps, maxQueue) => {
        const line = new Line<Worker>(maxQueue);
        const workers = [new Worker(), new Worker(), new Worker()];
        const inLine = new Set<Job>();
        const homes = new Map<string, Worker>();
        const sent: Job[] = [];
        for (const s of steps) {
          if ('enter' in s)
            inLine.add(entered(line, makeJob({ priority: s.enter, ...(s.key === undefined ? {} : { affinity: s.key }) }))[0]!);
          else if ('take' in s) taken(workers[s.take]!);
          else if ('leave' in s) {
            const job = [...inLine][s.leave];
            if (job === undefined) continue;
            line.remove(job);
            inLine.delete(job);
          } else if ('back' in s) {
            const back = sent.splice(0).sort((a, b) => a.id - b.id);
            for (const job of back) inLine.add(job);
            line.putBack(back);
          } else {
            line.forget(workers[s.lose]!);
            for (const [key, home] of homes) if (home === workers[s.lose]) homes.delete(key);
          }
          expect(new Set(line.toArray())).toEqual(inLine);
          expect(line.queued + line.held).toBe(inLine.size);
        }

        function taken(worker: Worker): void {
          const mayRun = (job: Job): boolean => (homes.get(job.settings.affinity ?? '') ?? worker) === worker;
          const job = line.take(worker, quiet);
          const possible = [...inLine].filter(mayRun);
          if (job === null) return expect(possible).toEqual([]);
          // Who is held has to wait for a place first, whatever the priority.
          expect(maxQueue === Infinity ? job : undefined).toBe(maxQueue === Infinity ? first(possible) : undefined);
          expect(possible).toContain(job);
          expect(possible.filter((other) => other.settings.priority === job.settings.priority && other.id < job.id)).toEqual([]);
          inLine.delete(job);
          sent.push(job);
          line.settle(job, worker);
          if (job.settings.affinity !== undefined) homes.set(job.settings.affinity, worker);
        }
      }),
      { numRuns: 500 },
    );
  });
});

function first(jobs: Job[]): Job | undefined {
  return jobs.sort((a, b) => a.settings.priority - b.settings.priority || a.id - b.id)[0];
}
