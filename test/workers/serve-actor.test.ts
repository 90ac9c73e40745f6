/** The far side, without a thread around it. */
import { expect, it, vi } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { currentJob } from '../../workers/job.ts';
import { Pair } from '../support/actor-pair.ts';

class Thing {
  readonly order: string[] = [];
  sync(name: string): void {
    this.order.push(name);
  }
  async slow(name: string): Promise<void> {
    this.order.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    this.order.push(`${name} ends`);
  }
  job(): [string, boolean] {
    const { name, cancelled } = currentJob()!;
    return [name, cancelled];
  }
  async sees(): Promise<unknown> {
    const job = currentJob()!;
    await new Promise((resolve) => job.signal.addEventListener('abort', resolve));
    return (seen = job.signal.reason);
  }
}
let seen: unknown;

it('begins calls in the order of their arrival; methods that wait interleave', async () => {
  const { remote } = await Pair.of(Thing);
  await Promise.all([remote.slow('a'), remote.sync('b'), remote.slow('c')]);
  expect(await remote.order).toEqual(['a begins', 'b', 'c begins', 'a ends', 'c ends']);
});

it('runs each call as a job of its own', async () => {
  const { remote } = await Pair.of(Thing);
  expect(await remote.job()).toEqual(['job', false]);
});

it('passes the reason of a cancellation to the call that is meant', async () => {
  const { remote, link } = await Pair.of(Thing);
  const calls = [remote.sees(), remote.sees()];
  link.cancelRemote(2, new CancelledError({ source: 'signal', reason: 'enough' })); // 1 was the constructor
  await calls[0];
  expect(seen).toMatchObject({ source: 'signal', reason: 'enough' });
  link.cancelRemote(3, new CancelledError({ source: 'deadline' }));
  await calls[1];
  expect(seen).toMatchObject({ source: 'deadline' });
});

it('knows a method that is gone', async () => {
  class Changing {
    run(): void {}
    breakIt(): void {
      (this as unknown as Record<string, unknown>)['run'] = 5;
    }
  }
  const { remote } = await Pair.of(Changing);
  await remote.breakIt();
  await expect(remote.run()).rejects.toThrow('run is not a function of the actor');
});

it('survives messages that are none of its own (130)', async () => {
  const { remote, near } = await Pair.of(Thing);
  for (const stray of [null, 5, 'text', {}, { id: 1 }, { type: 'GET' }]) near.postMessage(stray as never);
  await vi.waitFor(async () => expect(await remote.job()).toEqual(['job', false]));
});
