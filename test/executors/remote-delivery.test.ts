import { expect, test } from 'vitest';
import { Delivery } from '../../src/executors/remote-delivery.ts';
import type { LocalPool } from '../../src/executors/remote-delivery.ts';
import type { RelayJob } from '../../src/executors/relay-job.ts';
import type { RemoteJob, Shipment } from '../../src/executors/remote-protocol.ts';
import { here } from '../../src/core/scope.ts';
import { resolveSubmitOptions } from '../../src/executors/options.ts';

const run = { name: 'job', onCancel: 'terminate', grace: 0, timeout: Infinity } as const;
const job: RemoteJob = { ...run, args: [], encoded: false, context: null, credit: 0, progress: false, startBy: Infinity };
const fn = { id: 1, ref: { module: 'file:///none.js', export: 'none', fingerprint: undefined }, name: 'none' };

/** A pool that sends jobs to its threads, and ends them, when the test says so. */
function pool(): LocalPool & { readonly jobs: RelayJob[] } {
  const jobs: RelayJob[] = [];
  return {
    jobs,
    submitFrom(_below, _fn, args, options, make) {
      const made = make([here(), { jobCancelled: () => {} }, fn, args, resolveSubmitOptions(options), () => {}]);
      jobs.push(made as RelayJob);
    },
  };
}

test('which jobs have begun is told of each once, also of one that begins when another has ended', async () => {
  const threads = pool();
  const delivery = new Delivery('1', 1, { from: 'x', at: 0, patience: 0, jobs: [job, job, job] } as unknown as Shipment);
  const over = delivery.run(
    threads,
    () => {},
    0,
    (i) => i === 1,
    { progress: () => {}, items: () => {} },
  );
  const [first, last] = threads.jobs as [RelayJob, RelayJob];
  expect([delivery.started(), delivery.awaitsStarts]).toEqual([[], true]);
  first.sent(1, 10);
  expect([delivery.started(), delivery.started(), delivery.awaitsStarts]).toEqual([[0], [], true]);
  first.end({ ok: true, value: 'one' });
  last.sent(2, 20);
  expect([delivery.started(), delivery.started(), delivery.awaitsStarts]).toEqual([[2], [], false]); // nobody has to look again
  last.end({ ok: true, value: 'two' });
  expect(await over).toBe(true);
  expect(delivery.started()).toEqual([]);
});
