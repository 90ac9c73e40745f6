/** Blocks its loop in every way, at random moments, from four asynchronous origins; prints what it did and what was reported. */
import { setTimeout as delay } from 'node:timers/promises';
import { run, withTaskGroup } from 'offloop';
import { contestants } from './contestants.mjs';
import { kinds } from './kinds.mjs';
import { unseen } from './unseen.mjs';

const { contestant, threshold, durations, rounds } = JSON.parse(process.argv[2]);
const all = [...kinds, ...unseen];

async function timed(run, n) {
  const start = performance.now();
  const later = run(n);
  const ms = performance.now() - start;
  return later === undefined ? ms : (await later).ms;
}

/** How many units take so many milliseconds: by doubling until it is measurable, and the best of three. */
async function calibrate({ run, fixed, power = 1 }) {
  if (fixed) return (ms) => ms;
  let n = 1;
  while ((await timed(run, n)) < 20) n *= 2;
  const ms = Math.min(await timed(run, n), await timed(run, n), await timed(run, n));
  return (wanted) => Math.max(1, Math.round(n * (wanted / ms) ** (1 / power)));
}

const origins = {
  timer: (work) => new Promise((done) => setTimeout(() => done(work()), 5)),
  immediate: (work) => new Promise((done) => setImmediate(() => done(work()))),
  continuation: async (work) => (await delay(5), work()),
  microtask: (work) => Promise.resolve().then(work),
};

const units = [];
for (const kind of all) units.push(await calibrate(kind));
const reports = [];
const truths = [];

await run(async () => {
  const named = contestants[contestant](threshold, (report) => reports.push(report));
  await delay(2000);
  for (let round = 0; round < rounds; round++) {
    for (const [i, kind] of all.entries()) {
      for (const wanted of durations) {
        const origin = Object.keys(origins)[(truths.length + round) % 4];
        const truth = { kind: kind.name, origin, at: 0, ms: 0, task: `${kind.name}-${truths.length}` };
        truths.push(truth);
        const work = async () => {
          truth.at = Date.now();
          const start = performance.now();
          const later = kind.run(units[i](wanted));
          truth.ms = performance.now() - start;
          if (later !== undefined) Object.assign(truth, await later);
        };
        await withTaskGroup((tg) => void tg.spawn(() => named(truth.task, () => origins[origin](work)), { name: truth.task }));
        await delay(60 + Math.random() * 30);
      }
    }
  }
  await delay(300);
});
console.log(JSON.stringify({ truths, reports }));
process.exit(); // some contestants never let go
