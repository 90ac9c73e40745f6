import { Lock, run, withTaskGroup } from 'offloop';
import { Sequencer, waitAllTasksBlocked } from 'offloop/testing';

// Which task asks first for a lock is usually chance. A test wants each order, on purpose.
await run(() =>
  withTaskGroup((tg) => {
    const sequence = new Sequencer();
    const lock = new Lock();

    tg.spawn(async () => {
      await sequence.run(0, () => lock.acquire());
      await sequence.run(2, async () => {
        await waitAllTasksBlocked(); // the other one is in line
        console.log('the first one releases');
        lock.release();
      });
    });

    tg.spawn(async () => {
      const acquired = await sequence.run(1, () => ({ later: lock.acquire() })); // asks now, waits below
      await acquired.later;
      console.log('the second one has it');
      lock.release();
    });
  }),
);
