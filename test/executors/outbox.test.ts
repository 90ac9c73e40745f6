import { expect, it } from 'vitest';
import { InFlight } from '../../src/executors/in-flight.ts';
import type { Job } from '../../src/executors/job.ts';
import { Outbox } from '../../src/executors/outbox.ts';
import type { WorkerHandle } from '../../src/executors/worker-handle.ts';
import { ControlBlock } from '../../src/wire/control.ts';
import type { ToWorker } from '../../src/wire/protocol.ts';
import { makeJob } from '../support/jobs.ts';

function makeOutbox(): { outbox: Outbox; flight: InFlight; sent: ToWorker[]; failed: { job: Job; error: unknown }[] } {
  const sent: ToWorker[] = [];
  const failed: { job: Job; error: unknown }[] = [];
  const control = new ControlBlock();
  const worker: WorkerHandle = {
    control,
    gone: new Promise(() => {}),
    send: (message) => void sent.push(structuredClone(message)),
    keepAlive: () => {},
    terminate: () => Promise.resolve(),
  };
  const flight = new InFlight(control);
  return { outbox: new Outbox(worker, flight, (job, error) => failed.push({ job, error })), flight, sent, failed };
}

it('introduces a function once, before its first job, and sends the jobs in one message', () => {
  const { outbox, flight, sent } = makeOutbox();
  const jobs = [makeJob({}, [1]), makeJob({}, [2])];
  outbox.send(jobs, 0);
  outbox.send([makeJob({}, [3])], 0);
  expect(sent.map((message) => (Array.isArray(message) ? message.length / 4 : (message as { type: string }).type))).toEqual([
    'define',
    2,
    1,
  ]);
  expect([jobs.map((job) => job.sequence), flight.size]).toEqual([[1, 2], 3]);
});

it('what cannot be cloned fails alone: the others are sent without it, with sequence numbers that have no hole', () => {
  const { outbox, flight, sent, failed } = makeOutbox();
  const [good, bad, other] = [makeJob({}, [1]), makeJob({}, [Symbol('no')]), makeJob({}, [3])];
  outbox.send([good!, bad!, other!], 0);
  expect(failed).toEqual([{ job: bad, error: expect.objectContaining({ code: 'OFFLOOP_NOT_CLONEABLE' }) as unknown }]);
  expect(sent.filter((message) => Array.isArray(message)).flatMap((batch) => (batch as unknown[])[2])).toEqual([1, 3]);
  expect([good!.sequence, other!.sequence, flight.jobs]).toEqual([1, 2, [good, other]]);
});
