import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/executors/job.ts';
import { JobQueue } from '../../src/executors/job-queue.ts';
import { makeJob } from '../support/jobs.ts';

const withPriorities = (...priorities: number[]): Job[] => priorities.map((priority) => makeJob({ priority }));
const ids = (jobs: readonly Job[]): number[] => jobs.map((job) => job.id);
const byPriorityAndAge = (a: Job, b: Job): number => a.settings.priority - b.settings.priority || a.id - b.id;

function drain(queue: JobQueue): Job[] {
  const jobs: Job[] = [];
  for (let job = queue.shift(); job !== null; job = queue.shift()) jobs.push(job);
  return jobs;
}

describe('JobQueue', () => {
  it('gives nothing when it is empty (32)', () => {
    const queue = new JobQueue();
    expect([queue.shift(), queue.peek(), queue.size, queue.toArray()]).toEqual([null, null, 0, []]);
  });

  it('gives the lowest priority first, and the oldest within one', () => {
    const queue = new JobQueue();
    const [a, b, c, d, e] = withPriorities(1, 0, 1, -7.5, 0);
    for (const job of [a, b, c, d, e]) queue.push(job!);
    expect(ids(queue.toArray())).toEqual(ids([d!, b!, e!, a!, c!]));
    expect(queue.peek()).toBe(d);
    expect(ids(drain(queue))).toEqual(ids([d!, b!, e!, a!, c!]));
  });

  it.each([0, 1, 2])('lets a job leave from the head, the middle or the end (34)', (at) => {
    const queue = new JobQueue();
    const jobs = withPriorities(0, 0, 0);
    for (const job of jobs) queue.push(job);
    const [gone] = jobs.splice(at, 1);
    gone!.list!.remove(gone!);
    expect([gone!.list, gone!.ahead, gone!.behind, queue.size]).toEqual([null, null, null, 2]);
    expect(ids(drain(queue))).toEqual(ids(jobs));
    expect(queue.size).toBe(0);
  });

  it('puts jobs back into their places by age, each within its priority', () => {
    const queue = new JobQueue();
    const jobs = withPriorities(0, 1, 0, 1, 0, 0);
    for (const job of jobs) queue.push(job);
    const [a, c, e] = [queue.shift()!, queue.shift()!, queue.shift()!];
    queue.putBack([a, e]);
    queue.putBack([c]);
    expect(ids(drain(queue))).toEqual(ids(jobs.toSorted(byPriorityAndAge)));
  });

  it('forgets priorities that no job has any more: they may be timestamps', () => {
    const queue = new JobQueue();
    for (let round = 0; round < 3; round++) {
      const jobs = Array.from({ length: 1000 }, (_, i) => makeJob({ priority: round * 1000 + i }));
      for (const job of jobs) queue.push(job);
      for (const job of jobs) job.list!.remove(job);
      expect(queue.peek()).toBe(null);
    }
    const [job] = withPriorities(5);
    queue.push(job!);
    expect(queue.shift()).toBe(job);
  });

  it('keeps its order whatever comes and goes', () => {
    type Step = { push: number } | { shift: true } | { remove: number } | { putBack: number };
    const step: fc.Arbitrary<Step> = fc.oneof(
      fc.record({ push: fc.integer({ min: -2, max: 2 }) }),
      fc.record({ shift: fc.constant(true as const) }),
      fc.record({ remove: fc.nat(20) }),
      fc.record({ putBack: fc.nat(3) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const queue = new JobQueue();
        const model: Job[] = [];
        const out: Job[] = [];
        const take = (job: Job): void => void model.splice(model.indexOf(job), 1);
        for (const s of steps) {
          if ('push' in s) {
            model.push(makeJob({ priority: s.push }));
            queue.push(model.at(-1)!);
          } else if ('shift' in s) {
            const job = queue.shift();
            expect(job).toBe(model.toSorted(byPriorityAndAge)[0] ?? null);
            if (job === null) continue;
            take(job);
            out.push(job);
          } else if ('remove' in s) {
            const job = model[s.remove];
            if (job === undefined) continue;
            job.list!.remove(job);
            take(job);
          } else {
            const back = out.splice(0, s.putBack).sort((a, b) => a.id - b.id);
            model.push(...back);
            queue.putBack(back);
          }
          expect(queue.size).toBe(model.length);
          expect(ids(queue.toArray())).toEqual(ids(model.toSorted(byPriorityAndAge)));
        }
      }),
    );
  });
});
