import { LoopMonitor, map, run } from 'offloop';
import { slowHash } from './jobs.ts';

await run(async () => {
  const passwords = ['correct', 'horse', 'battery', 'staple'];

  const here = new LoopMonitor({ log: false }).start();
  console.log('in the loop: ', await map(passwords, (p) => slowHash.local(p)));
  here.stop();

  const elsewhere = new LoopMonitor().start();
  console.log('off the loop:', await map(passwords, (p) => slowHash(p)));
  elsewhere.stop();

  console.log(`the loop was late by ${here.snapshot().delay.max.toFixed(0)} ms, then by ${elsewhere.snapshot().delay.max.toFixed(0)} ms`);
});
