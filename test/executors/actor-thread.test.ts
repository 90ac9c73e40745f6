/** The thread under an actor: it starts, dies and ends in ways that are told exactly once. */
import { expect, it } from 'vitest';
import { ActorThread } from '../../src/executors/actor-thread.ts';
import type { WorkerDeath } from '../../src/executors/worker-handle.ts';
import { CancelFlags } from '../../src/wire/cancel-flags.ts';

function start(deaths: WorkerDeath[]): ActorThread {
  const options = { name: 'a name '.repeat(20), resourceLimits: undefined, flags: new CancelFlags().memory };
  return new ActorThread(options, (death) => void deaths.push(death));
}

it('ends when it is told to, without that being a death, and says nothing any more', async () => {
  const deaths: WorkerDeath[] = [];
  const thread = start(deaths);
  await Promise.all([thread.terminate(), thread.terminate()]);
  await thread.gone;
  thread.endpoint.postMessage({ id: 'x', type: 'RAW', value: ['value', 1] });
  await new Promise((resolve) => setImmediate(resolve));
  expect(deaths).toEqual([]);
});

it('dies once of an error that nothing catches', async () => {
  const deaths: WorkerDeath[] = [];
  const thread = start(deaths);
  const unreadable = { type: 'HANDLER', name: 'nobody', value: 1 }; // comlink fails on it outside of any call
  for (const id of ['x', 'y']) thread.endpoint.postMessage({ id, type: 'APPLY', argumentList: [unreadable] } as never);
  await thread.gone;
  await new Promise((resolve) => setImmediate(resolve));
  expect(deaths).toMatchObject([{ why: 'uncaught', exitCode: 1 }]);
});
