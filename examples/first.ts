import { pbkdf2Sync } from 'node:crypto';
import { LoopMonitor, map, offload, run } from 'offloop';

const hash = offload(import.meta, (word: string) => pbkdf2Sync(word, 'salt', 200_000, 32, 'sha256').toString('hex').slice(0, 8));

await run(async () => {
  for (const fn of [hash.local, hash]) {
    const monitor = new LoopMonitor({ log: false }).start();
    const hashes = await map(['correct', 'horse', 'battery', 'staple'], (word) => fn(word));
    monitor.stop();
    console.log(`${hashes.join(' ')}, ${fn === hash ? 'off' : 'in'} the loop: late by ${monitor.snapshot().delay.max.toFixed(0)} ms`);
  }
});
