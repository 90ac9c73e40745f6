import { afterEach, expect, it } from 'vitest';
import { RemoteBatching } from '../../src/executors/remote-batching.ts';
import { Collector } from '../../src/executors/remote-collector.ts';
import { Consignment } from '../../src/executors/remote-consignment.ts';
import type { Job } from '../../src/executors/job.ts';
import { makeJob } from '../support/jobs.ts';

const made: Job[] = [];
afterEach(() => made.splice(0).forEach((job) => job.end({ ok: true, value: 0 })));
const job = (args: readonly unknown[] = []): Job => {
  made.push(makeJob({}, args));
  return made.at(-1)!;
};

function bench({ crowded = false, cheap = false } = {}) {
  const batching = new RemoteBatching();
  if (cheap) {
    const sample = job();
    batching.ran(sample, 0.01);
    batching.weighed(sample, 10);
  }
  const packed: (readonly Job[])[] = [];
  const pack = (jobs: readonly Job[]) => {
    if (jobs.some(({ args }) => args.includes('bad'))) throw new Error('cannot travel');
    return { shipment: new Consignment('f', jobs), text: 'i' };
  };
  const collector = new Collector(batching, { pack }, {
    crowded: () => crowded,
    packed: ({ shipment }) => packed.push(shipment.jobs),
    ended: (_job, end) => void end(),
  }); // prettier-ignore
  return { collector, packed };
}

it('jobs of one turn leave together, as soon as the code that submits them is through', async () => {
  const { collector, packed } = bench({ cheap: true });
  const jobs = [job(), job(), job()];
  for (const one of jobs) collector.add(one);
  expect([collector.size, packed]).toEqual([3, []]);
  await Promise.resolve();
  expect([collector.size, packed]).toEqual([0, [jobs]]);
});

it('in a crowd they wait for the rest of the turn', async () => {
  const { collector, packed } = bench({ crowded: true, cheap: true });
  const [first, second] = [job(), job()];
  collector.add(first);
  await Promise.resolve();
  await Promise.resolve();
  collector.add(second);
  await new Promise(setImmediate);
  expect(packed).toEqual([[first, second]]);
});

it('one that is cancelled meanwhile ends at once, and does not go', async () => {
  const { collector, packed } = bench({ cheap: true });
  const [first, second] = [job(), job()];
  collector.add(first);
  collector.add(second);
  first.cancel();
  collector.cancelled(first);
  expect(first.state).toBe('cancelled');
  collector.cancelled(first); // again, and one it never had
  collector.cancelled(job());
  await Promise.resolve();
  expect(packed).toEqual([[second]]);
});

it('one that cannot travel rejects alone', async () => {
  const { collector, packed } = bench({ cheap: true });
  const [good, bad, other] = [job(), job(['bad']), job()];
  for (const one of [good, bad, other]) collector.add(one);
  await Promise.resolve();
  expect(packed).toEqual([[good], [other]]);
  expect(bad.failure).toMatchObject({ message: 'cannot travel' });
});
