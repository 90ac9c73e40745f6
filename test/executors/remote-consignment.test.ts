import { expect, it } from 'vitest';
import { Consignment, queuePriority } from '../../src/executors/remote-consignment.ts';
import { makeJob } from '../support/jobs.ts';

it('every priority is one of BullMQ’s, in the same order; none is 0, which would overtake all', () => {
  const given = [-Number.MAX_VALUE, -2_000_000, -1, 0, 0.4, 1, 2, 1e9];
  const mapped = given.map(queuePriority);
  expect(mapped).toEqual([...mapped].sort((a, b) => a - b));
  expect([mapped[0], mapped.at(-1), queuePriority(-1) < queuePriority(0)]).toEqual([1, 2 ** 21 - 1, true]);
});

it('knows which of its jobs run, and hears only the latest delivery', () => {
  const jobs = [makeJob(), makeJob()];
  const shipment = new Consignment('f', jobs);
  expect(shipment.id).toMatch(/^[\da-f-]{36}$/);
  expect([shipment.hear(2), shipment.hear(1), shipment.hear(2)]).toEqual([true, false, true]);
  shipment.started(0);
  shipment.started(1);
  jobs[0]!.end({ ok: true, value: 1 });
  expect([shipment.running, shipment.open, shipment.over]).toEqual([1, true, false]);
  jobs[1]!.end({ ok: true, value: 1 });
  expect([shipment.running, shipment.open]).toEqual([0, false]);
});
