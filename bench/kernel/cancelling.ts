/** Many sleepers, one cancel: a scope against one AbortSignal that all of them listen to. */
import { setMaxListeners } from 'node:events';
import { setTimeout as nodeSleep } from 'node:timers/promises';
import { sleep, withTaskGroup } from 'offloop';
import type { Contestant } from '../harness.ts';
import { contestant, inRun, numbers } from './row.ts';
import type { Row } from './row.ts';

const ONE_SIGNAL = 'one AbortSignal for all';

/** Only the cancelling counts: from the cancel until all have ended. */
function cancelSleepers(): Contestant {
  return inRun(async (n) => {
    let started = 0;
    await withTaskGroup(async (tg) => {
      for (let i = 0; i < n; i++) tg.spawn(() => sleep(1e6));
      await sleep(0);
      started = performance.now();
      tg.cancel();
    });
    return performance.now() - started;
  });
}

/** From the first start to the last end, because a signal's cost is in taking part: it looks for doubles among all who listen. */
function startAndCancelSleepers(): Contestant {
  return inRun((n) =>
    withTaskGroup(async (tg) => {
      for (let i = 0; i < n; i++) tg.spawn(() => sleep(1e6));
      await sleep(0);
      tg.cancel();
    }),
  );
}

type Sleeper = (signal: AbortSignal) => Promise<unknown>;

/** The least that can be written: it resolves, where a program would reject with an error. */
const byHand: Sleeper = (signal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, 1e6);
    const stop = (): void => {
      signal.removeEventListener('abort', stop);
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener('abort', stop);
  });

/** What Node offers. */
const byNode: Sleeper = (signal) => nodeSleep(1e6, undefined, { signal }).catch(() => {});

function onOneSignal(name: string, sleeper: Sleeper, counts: 'all' | 'cancelling'): Contestant {
  return contestant(name, async (n) => {
    const controller = new AbortController();
    const { signal } = controller;
    setMaxListeners(0, signal);
    const first = performance.now();
    const all = Promise.all(numbers(n).map(() => sleeper(signal)));
    await new Promise(setImmediate);
    const started = counts === 'all' ? first : performance.now();
    controller.abort();
    await all;
    return performance.now() - started;
  });
}

export const cancelling: readonly Row[] = [
  {
    key: 'cancel',
    scenario: { name: 'cancel 10k sleeping tasks', units: 10_000, window: 1, shows: 'µs each' },
    reference: ONE_SIGNAL,
    contestants: [
      cancelSleepers(),
      onOneSignal(ONE_SIGNAL, byNode, 'cancelling'),
      onOneSignal(`${ONE_SIGNAL}, by hand`, byHand, 'cancelling'),
    ],
  },
  {
    scenario: { name: 'start and cancel 10k sleeping tasks', units: 10_000, window: 1, shows: 'µs each' },
    reference: ONE_SIGNAL,
    contestants: [startAndCancelSleepers(), onOneSignal(ONE_SIGNAL, byNode, 'all'), onOneSignal(`${ONE_SIGNAL}, by hand`, byHand, 'all')],
  },
];
