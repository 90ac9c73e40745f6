import { afterEach, expect, it } from 'vitest';
import type { SubmitOptions } from '../../src/index.ts';
import { RemoteBatching } from '../../src/executors/remote-batching.ts';
import type { Job } from '../../src/executors/job.ts';
import { makeJob } from '../support/jobs.ts';

const made: Job[] = [];
afterEach(() => made.splice(0).forEach((job) => job.end({ ok: true, value: 0 })));
function jobs(n: number, options?: SubmitOptions): Job[] {
  const some = Array.from({ length: n }, () => makeJob(options));
  made.push(...some);
  return some;
}
function knowing(ms: number, bytes: number): RemoteBatching {
  const batching = new RemoteBatching();
  const [job] = jobs(1) as [Job];
  batching.ran(job, ms);
  batching.weighed(job, bytes);
  return batching;
}
const sizes = (batching: RemoteBatching, list: readonly Job[]): number[] => batching.split(list).map((group) => group.length);

it('jobs of which nothing is known go alone', () => {
  expect(sizes(new RemoteBatching(), jobs(3))).toEqual([1, 1, 1]);
});

it('cheap ones go together, in their order, as many as are worth it', () => {
  const list = jobs(250);
  const groups = knowing(0.01, 100).split(list);
  expect(groups.map((group) => group.length)).toEqual([100, 100, 50]);
  expect(groups.flat()).toEqual(list);
  expect(sizes(knowing(0.4, 100), jobs(30))).toEqual([25, 5]);
  expect(sizes(knowing(0.01, 10_000), jobs(7))).toEqual([3, 3, 1]);
});

it('dear ones, large ones, and those that must be taken back alone do not', () => {
  expect(sizes(knowing(2, 100), jobs(3))).toEqual([1, 1, 1]);
  expect(sizes(knowing(0.01, 60_000), jobs(2))).toEqual([1, 1]);
  expect(sizes(knowing(0.01, 100), jobs(2, { queueTimeout: 1000 }))).toEqual([1, 1]);
});

it('priorities are not mixed', () => {
  const list = [...jobs(2), ...jobs(2, { priority: 1 }), ...jobs(1)];
  const groups = knowing(0.01, 100).split(list);
  expect(groups.map((group) => group.map(({ settings }) => settings.priority))).toEqual([[0, 0, 0], [1, 1]]); // prettier-ignore
});
