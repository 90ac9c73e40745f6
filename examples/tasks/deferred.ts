import { EventEmitter } from 'node:events';
import { bindContext, currentTask, Deferred, run, timeout, withTaskGroup } from 'offloop';

await run(async () => {
  const ready = new Deferred<string>();
  await withTaskGroup((tg) => {
    tg.spawn(async () => console.log('a has', await ready));
    tg.spawn(async () => console.log('b has', await timeout(1_000, async () => await ready)));
    tg.spawn(() => ready.resolve('the value'));
  });

  // An emitter calls its listeners in the context of whoever emits; bindContext keeps ours.
  const emitter = new EventEmitter();
  await withTaskGroup(async (tg) => {
    await tg.spawn(
      () =>
        void emitter.on(
          'data',
          bindContext(() => console.log('heard by', currentTask()?.name)),
        ),
      { name: 'listener' },
    );
    emitter.emit('data');
  });
});
