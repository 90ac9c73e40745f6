/**
 * A soak: workers are killed at random (exit, uncaught error, out of memory, terminated) while jobs run, round after round, for
 * some minutes. Every promise must settle once with what it should, and memory, threads and handles must return to the start.
 *
 *   npm run bench:soak             five minutes
 *   npm run bench:soak -- 1        one minute
 *   npm run bench:soak -- once     one round: 1,000 kills during 100,000 jobs
 */
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ThreadPoolExecutor } from '../src/index.ts';
import { siege } from '../test/support/siege.ts';

const argument = process.argv[2] ?? '5';
const once = argument === 'once';
const minutes = once ? 0 : Number(argument);
if (!once && !(minutes > 0)) throw new RangeError(`Expected a number of minutes, or 'once', got ${argument}`);
const [jobs, kills] = once ? [100_000, 1000] : [5000, 50];

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

interface Standing {
  readonly heap: number;
  readonly resources: string;
  /** Of this process, unreferenced ones included; 0 where /proc does not tell. */
  readonly threads: number;
  readonly files: number;
}

const countIn = (folder: string): number => {
  try {
    return readdirSync(folder).length;
  } catch {
    return 0;
  }
};

async function settledDown(): Promise<Standing> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    collect(); // what finalizers let go of is collected the next time
  }
  const resources = process.getActiveResourcesInfo().filter((name) => !/^(?:Pipe|TTY|FSReq|Signal)/.test(name));
  const heap = process.memoryUsage().heapUsed / 2 ** 20;
  return { heap, resources: resources.join(' '), threads: countIn('/proc/self/task'), files: countIn('/proc/self/fd') };
}

const told = ({ heap, threads, files }: Standing): string => `heap ${heap.toFixed(1)} MB, ${threads} threads, ${files} open files`;

const shapes = [
  { max: 2 },
  { max: 1, maxQueue: 1 },
  { max: 6, recycleAfterJobs: 200 },
  { min: 3, max: 3, recycleAboveHeapMb: 16 },
] as const;

async function round(n: number, share = 1): Promise<void> {
  const resourceLimits = { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 };
  const executor = new ThreadPoolExecutor({ ...shapes[n % shapes.length], resourceLimits, name: 'soaked' });
  const started = performance.now();
  const { deaths, odd, wrong } = await siege(executor, { jobs: jobs * share, kills: kills * share, seed: n + 1 });
  const { queued, running, completed, failed, cancelled, respawned, recycled } = executor.statistics();
  await executor.shutdown();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`round ${n}: ${seconds} s, deaths ${JSON.stringify(deaths)}, respawned ${respawned}, recycled ${recycled}`);
  if (odd + wrong.length + queued + running > 0 || completed + failed + cancelled !== jobs * share) {
    throw new Error(
      `Round ${n} (seed ${n + 1}) went wrong: ${JSON.stringify({ odd, wrong, queued, running, completed, failed, cancelled })}`,
    );
  }
}

const end = performance.now() + minutes * 60_000;
await round(0, 0.1); // warms caches up
const before = await settledDown();
let n = 1;
do await round(n++);
while (performance.now() < end);
const after = await settledDown();
console.log(
  `${n - 1} rounds of ${jobs} jobs; resources left: ${after.resources || 'none'}\n  before: ${told(before)}\n  after:  ${told(after)}`,
);
const problems = [
  after.heap - before.heap > 8 && 'memory',
  after.resources !== before.resources && 'handles',
  after.threads > before.threads && 'threads',
  after.files > before.files && 'open files',
].filter((problem) => problem !== false);
if (problems.length > 0) throw new Error(`Did not return to the start: ${problems.join(', ')}`);
console.log('all came back');
