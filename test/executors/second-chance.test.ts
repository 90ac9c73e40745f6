import { describe, expect, it } from 'vitest';
import { WorkerDiedError } from '../../src/base/errors.ts';
import { move } from '../../src/wire/transfer.ts';
import { fakeTime } from '../support/fake-time.ts';
import { collectReports, fakePool } from '../support/fake-worker.ts';
import type { FakePool } from '../support/fake-worker.ts';
import { failure } from '../support/virtual.ts';

const pass = fakeTime();
const reports = collectReports();

async function begin(fake: FakePool): Promise<void> {
  await pass(0);
  fake.last.claim();
}

describe('an idempotent job whose worker dies', () => {
  it('runs once more, before the jobs that came later', async () => {
    const fake = fakePool();
    const [job, next] = [fake.submit({ idempotent: true }, [1, 'two']), fake.submit()];
    await begin(fake);
    fake.last.die({ why: 'out-of-memory' });
    await pass(0);
    expect([fake.workers.length, fake.last.jobs]).toEqual([2, [job.id]]);
    fake.last.run('second');
    fake.last.run('next');
    expect(await Promise.all([job, next])).toEqual(['second', 'next']);
    expect(fake.statistics()).toMatchObject({ completed: 2, failed: 0, respawned: 1 });
    expect([reports, fake.reports]).toEqual([[], []]);
  });

  it('never a third time: its error tells both deaths', async () => {
    const fake = fakePool();
    const job = fake.submit({ idempotent: true, name: 'deadly' });
    await begin(fake);
    fake.last.die({ exitCode: 3 });
    await begin(fake);
    fake.last.die({ why: 'uncaught', cause: new RangeError('oops') });
    const error = (await failure(job)) as WorkerDiedError;
    expect(error).toBeInstanceOf(WorkerDiedError);
    expect(error).toMatchObject({ job: 'deadly', why: 'uncaught', cause: { message: 'oops' }, previous: { why: 'exit', exitCode: 3 } });
    expect(error.message).toBe(
      'The worker died while it ran job "deadly": an error was thrown outside the job\'s own calls: RangeError: oops ' +
        '(it was run again, because it is idempotent; the first time: The worker died while it ran job "deadly": the worker exited with code 3)',
    );
    expect(error.stack).toContain(error.message);
    await pass(10_000);
    expect([fake.workers.length, fake.statistics()['failed']]).toEqual([2, 1]);
  });

  it('the first death is the cause where the second threw nothing', async () => {
    const fake = fakePool();
    const job = fake.submit({ idempotent: true });
    for (const exitCode of [3, 4]) {
      await begin(fake);
      fake.last.die({ exitCode });
    }
    const error = (await failure(job)) as WorkerDiedError;
    expect([error.exitCode, (error.cause as WorkerDiedError).exitCode, error.previous]).toEqual([4, 3, error.cause]);
  });

  it('is not run again when it fails, is cancelled, or takes too long', async () => {
    const fake = fakePool();
    const failed = fake.submit({ idempotent: true });
    await begin(fake);
    fake.last.fail(new Error('its own'));
    expect(await failure(failed)).toMatchObject({ message: 'its own' });
    const stopped = fake.submit({ idempotent: true });
    await begin(fake);
    stopped.cancel();
    fake.last.die();
    expect(await failure(stopped)).toMatchObject({ code: 'OFFLOOP_CANCELLED' });
    const slow = fake.submit({ idempotent: true, timeout: 10, grace: 5 });
    await begin(fake);
    await pass(20);
    expect(await failure(slow)).toMatchObject({ code: 'OFFLOOP_TIMEOUT' });
    expect(fake.workers).toHaveLength(2);
    expect(fake.statistics()).toMatchObject({ failed: expect.any(Number) as number, queued: 0, running: 0 });
  });

  it('may be cancelled while it waits for its second worker', async () => {
    const fake = fakePool();
    const others = [1, 2, 3].map(() => fake.submit());
    for (let i = 0; i < 3; i++) {
      await begin(fake);
      fake.last.die();
    }
    const job = fake.submit({ idempotent: true, queueTimeout: 20 });
    await begin(fake);
    fake.last.die();
    await pass(30); // the wait for its first start is over: the limit of the queue counts no more
    expect(job.phase).toBe('queued');
    job.cancel();
    expect(await failure(job)).toMatchObject({ code: 'OFFLOOP_CANCELLED' });
    expect(await Promise.all(others.map((other) => failure(other)))).toHaveLength(3);
  });

  it('has as much time as the first time', async () => {
    const fake = fakePool();
    const job = fake.submit({ idempotent: true, timeout: 100 });
    await begin(fake);
    await pass(80);
    fake.last.die();
    await begin(fake);
    await pass(80);
    fake.last.finish('in time');
    expect(await job).toBe('in time');
  });

  it('what was moved to its first worker is gone with it: the death is its error', async () => {
    const fake = fakePool();
    const job = fake.submit({ idempotent: true }, [move(new ArrayBuffer(8))]);
    await begin(fake);
    fake.last.die({ exitCode: 7 });
    expect(await failure(job)).toMatchObject({ code: 'OFFLOOP_WORKER_DIED', exitCode: 7 });
    expect(fake.statistics()).toMatchObject({ failed: 1, running: 0 });
  });

  it('others have one chance', async () => {
    const fake = fakePool();
    const job = fake.submit({ idempotent: false });
    await begin(fake);
    fake.last.die();
    expect(await failure(job)).toBeInstanceOf(WorkerDiedError);
  });
});
