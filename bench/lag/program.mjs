/** Blocks its loop in every way, at random moments, from four asynchronous origins; prints what it did and what was reported. */
import { setTimeout as delay } from 'node:timers/promises';
import { LoopMonitor, run, withTaskGroup } from 'offloop';
import { kinds } from './kinds.mjs';

const { options, durations, rounds } = JSON.parse(process.argv[2]);

/** Units of work per millisecond, by doubling until it is measurable. */
function calibrate({ run, fixed }) {
  if (fixed) return 1;
  for (let n = 1; ; n *= 2) {
    const start = performance.now();
    run(n);
    const ms = performance.now() - start;
    if (ms > 25) return n / ms;
  }
}

const origins = {
  timer: (work) => new Promise((done) => setTimeout(() => (work(), done()), 5)),
  immediate: (work) => new Promise((done) => setImmediate(() => (work(), done()))),
  continuation: async (work) => (await delay(5), work()),
  microtask: (work) => Promise.resolve().then(work),
};

const units = kinds.map((kind) => (kind.name === 'callbacks' ? calibrate(kinds[0]) : calibrate(kind)));
const reports = [];
const truths = [];
const monitor = new LoopMonitor({
  ...options,
  log: false,
  keep: 0,
  onSlow: ({ stack: _, message: __, ...report }) => reports.push(report),
}).start();

await run(async () => {
  await delay(2000);
  for (let round = 0; round < rounds; round++) {
    for (const [i, kind] of kinds.entries()) {
      for (const ms of durations) {
        const origin = Object.keys(origins)[(truths.length + round) % 4];
        const truth = { kind: kind.name, origin, at: 0, ms: 0, task: `${kind.name}-${truths.length}` };
        truths.push(truth);
        const work = () => {
          truth.at = Date.now();
          const start = performance.now();
          kind.run(Math.max(1, Math.round(units[i] * ms)));
          truth.ms = performance.now() - start;
        };
        await withTaskGroup((tg) => void tg.spawn(() => origins[origin](work), { name: truth.task }));
        if (kind.name === 'callbacks') truth.ms = ms;
        await delay(ms + 60 + Math.random() * 40);
      }
    }
  }
  await delay(200);
});
monitor.stop();
console.log(JSON.stringify({ truths, reports }));
