/**
 * A process in which no line is to blame: its parent stops it, or leaves it no CPU; or the collector takes its time. Or one
 * that blocks a thousand times, to see what is left of that in memory. Told by its parent what to do.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { setTimeout as delay } from 'node:timers/promises';
import { contestants } from './contestants.mjs';

const [contestant, threshold] = process.argv.slice(2);
let reports = [];
contestants[contestant](Number(threshold), ({ cause, confidence, line, duration }) => reports.push({ cause, confidence, line, duration }));
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

const burn = (ms) => {
  for (const end = performance.now() + ms; performance.now() < end;);
};

const orders = {
  /** Nothing: what happens is done to it. */
  rest: (ms) => delay(ms),
  /** A little work, again and again. */
  async nibble(ms) {
    for (const end = performance.now() + ms; performance.now() < end; await delay(5)) burn(2);
  },
  async collect(ms) {
    let kept = Array.from({ length: 3_000_000 }, (_, i) => ({ i }));
    await delay(300);
    reports = []; // to build that up was a block of its own
    for (const end = performance.now() + ms; performance.now() < end; await delay(30)) gc();
    kept = null;
    return kept;
  },
  async block(times) {
    for (let i = 0; i < times; i++) {
      burn(Number(threshold) * 1.1);
      await delay(1);
    }
  },
};

async function obey([order, argument]) {
  await orders[order](argument);
  await delay(400);
  if (order === 'block') gc();
  const { rss, heapUsed } = process.memoryUsage();
  process.send({ reports, rss, heapUsed });
  reports = [];
}
process.on('message', (order) => void obey(order));
process.on('disconnect', () => process.exit());
setTimeout(() => process.send('ready'), 1500); // to load modules was its own
