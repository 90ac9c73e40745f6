import { expect, it } from 'vitest';
import { Consignment } from '../../src/executors/remote-consignment.ts';
import { Sender } from '../../src/executors/remote-sender.ts';
import { makeJob } from '../support/jobs.ts';

function bench() {
  const calls: Consignment[][] = [];
  const accepted: Consignment[] = [];
  const state = { ready: true, broken: 0, failures: 0 };
  const sender = new Sender({
    get ready() {
      return state.ready;
    },
    async add(shipments) {
      calls.push([...shipments]);
      await new Promise(setImmediate);
      if (state.broken-- > 0) throw new Error('connection lost');
    },
    accepted: (shipment) => accepted.push(shipment),
    failed: () => void state.failures++,
  });
  const shipment = (): Consignment => {
    const job = makeJob();
    job.end({ ok: true, value: 0 });
    return new Consignment('f', [job]);
  };
  const all = async (n: number): Promise<void> => {
    while (accepted.length < n) await new Promise(setImmediate);
  };
  return { calls, accepted, state, sender, shipment, all };
}

it('what comes in one turn goes in one call, and what comes meanwhile in the next', async () => {
  const { calls, sender, shipment, all } = bench();
  const made = Array.from({ length: 5 }, shipment);
  for (const one of made.slice(0, 3)) sender.push(one);
  await Promise.resolve();
  await Promise.resolve();
  for (const one of made.slice(3)) sender.push(one);
  await all(5);
  expect(calls).toEqual([made.slice(0, 3), made.slice(3)]);
});

it('a call that failed is made again, ahead of what came later', async () => {
  const { calls, accepted, state, sender, shipment, all } = bench();
  state.broken = 1;
  const [first, second] = [shipment(), shipment()];
  sender.push(first);
  while (state.failures === 0) await new Promise(setImmediate);
  sender.push(second);
  sender.poke();
  await all(2);
  expect(calls).toEqual([[first], [first, second]]);
  expect(accepted).toEqual([first, second]);
});

it('waits for a connection, and leaves out what is over by then', async () => {
  const { calls, state, sender, shipment, all } = bench();
  state.ready = false;
  const [first, second] = [shipment(), shipment()];
  sender.push(first);
  sender.push(second);
  await new Promise(setImmediate);
  first.phase = 'over';
  state.ready = true;
  sender.poke();
  await all(1);
  expect(calls).toEqual([[second]]);
});

it('sends no more once it is closed', async () => {
  const { calls, state, sender, shipment } = bench();
  state.ready = false;
  sender.push(shipment());
  await new Promise(setImmediate);
  state.ready = true;
  sender.close();
  await new Promise(setImmediate);
  expect(calls).toEqual([]);
});
