import { expect, it } from 'vitest';
import { ThreadPoolExecutor } from '../../src/index.ts';
import { RelayJob } from '../../src/executors/relay-job.ts';
import type { Relay } from '../../src/executors/relay-job.ts';
import { decodeThrown } from '../../src/wire/error-codec.ts';
import type { Encoded } from '../../src/wire/error-codec.ts';
import { CODED_VALUE, ERROR, VALUE } from '../../src/wire/protocol.ts';
import { decodeValues, encodeValues } from '../../src/wire/transfer.ts';
import { add } from '../fixtures/jobs/basic.ts';
import { addMoney, Money } from '../fixtures/jobs/errors.ts';
import { count, fail, sleepy } from '../fixtures/remote/jobs.ts';

type Fn = (...args: never[]) => unknown;

async function relayed(fn: unknown, args: readonly unknown[], relay: Partial<Relay> = {}): Promise<{ job: RelayJob }> {
  // In a box: a job can be awaited.
  await using threads = new ThreadPoolExecutor({ max: 1 });
  let job!: RelayJob;
  const full: Relay = { encoded: false, context: null, credit: 0, items: () => {}, ...relay };
  threads.submitFrom(relayed, fn as Fn, args, {}, (init) => (job = new RelayJob(full, init)));
  await new Promise<void>((resolve) => job.onSettled(() => resolve()));
  return { job };
}

it('a plain result is passed on as it is, and how long it took', async () => {
  const { job } = await relayed(sleepy, [5]);
  expect(job.outcome()).toEqual({ kind: VALUE, payload: 5 });
  await Promise.resolve();
  expect(job.ranFor).toBeGreaterThan(2);
  expect((await relayed(add, [1, 2])).job.outcome()).toEqual({ kind: VALUE, payload: 3 });
});

it('instances of classes go through without being made here', async () => {
  const { values } = encodeValues([new Money(1), new Money(2)]);
  const { kind, payload } = (await relayed(addMoney, values, { encoded: true })).job.outcome();
  expect(kind).toBe(CODED_VALUE);
  expect(payload).not.toBeInstanceOf(Money);
  expect(decodeValues([payload])[0]).toEqual(new Money(3));
});

it('what is thrown stays encoded', async () => {
  const { kind, payload } = (await relayed(fail, ['no'])).job.outcome();
  expect(kind).toBe(ERROR);
  expect(decodeThrown(payload as Encoded)).toMatchObject({ name: 'RangeError', code: 'E_TEST' });
});

it('items of a generator are passed on as far as credit goes', async () => {
  const items: unknown[] = [];
  const { job } = await relayed(count, [5], { credit: 100, items: (batch) => void items.push(...batch) });
  expect([items, job.outcome()]).toEqual([[0, 1, 2, 3, 4], { kind: VALUE, payload: undefined }]);
});
