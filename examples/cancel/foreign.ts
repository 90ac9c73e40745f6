import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { abortable, bindContext, currentSignal, currentTask, moveOnAfter, run, withSignal } from 'offloop';

const emitter = new EventEmitter();
const ticker = setInterval(() => emitter.emit('tick'), 5);

await run(async function main() {
  // A platform API that takes an AbortSignal: it gets one of its own, aborted when the scope is cancelled.
  const inTime = await moveOnAfter(10, () => withSignal((signal) => delay(60_000, true, { signal })), { fallback: false });
  console.log(`in time: ${inTime}`);

  // A promise that cannot be stopped: we stop waiting, it goes on.
  const stubborn = new Promise<string>((resolve) => setTimeout(resolve, 30, 'done all the same'));
  console.log(await moveOnAfter(10, () => abortable(stubborn), { fallback: 'did not wait' }));
  console.log(await stubborn);

  // A library that keeps a signal for long: the scope's own, made on first read.
  await moveOnAfter(10, async () => {
    const signal = currentSignal();
    await once(signal, 'abort');
    console.log(`aborted with ${(signal.reason as Error).name}`);
  });

  // A callback that an emitter calls later, from outside the run, keeps task and scope.
  const called = once(emitter, 'done');
  emitter.on(
    'tick',
    bindContext(() => emitter.emit('done', currentTask()?.name)),
  );
  console.log(`called in task ${(await called)[0] as string}`);
  clearInterval(ticker);
});
