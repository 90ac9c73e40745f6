import { callback, run } from 'offloop';
import { index } from './jobs.ts';

await run(async () => {
  const known = new Set(['loop', 'worker']);
  const fresh = await index(
    ['loop', 'stream', 'worker', 'credit'],
    callback((word) => known.has(word)),
  );
  console.log(fresh.join(' '));
});
