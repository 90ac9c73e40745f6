/**
 * Many workers die at random while many jobs run: exit, uncaught error, out of memory, killed. Each death harms the one job that
 * asked for it, so every other job must come back with its own result, and every job must settle once.
 */
import { fromModule, isCancelled, WorkerDiedError } from '../../src/index.ts';
import type { Executor, Task } from '../../src/index.ts';

const { add, eatMemory, exit, spinForever, throwInTimer } = fromModule<typeof import('../fixtures/jobs/deaths.ts')>(
  new URL('../fixtures/jobs/deaths.ts', import.meta.url),
);

export interface Siege {
  readonly jobs: number;
  readonly kills: number;
  readonly seed: number;
  /** How many jobs are under way at once. @default 256 */
  readonly window?: number;
}

export interface SiegeReport {
  jobs: number;
  deaths: Record<'exit' | 'uncaught' | 'out-of-memory' | 'killed', number>;
  /** Jobs that settled never, or twice. */
  odd: number;
  /** What was told to somebody and should not have been. */
  wrong: string[];
}

type Check = (error: unknown, value: unknown) => boolean;

export async function siege(executor: Executor, { jobs, kills, seed, window = 256 }: Siege): Promise<SiegeReport> {
  const random = randomFrom(seed);
  const report: SiegeReport = { jobs: 0, deaths: { exit: 0, uncaught: 0, 'out-of-memory': 0, killed: 0 }, odd: 0, wrong: [] };
  const settled = new Map<number, number>();
  const killAt = new Set<number>();
  while (killAt.size < Math.min(kills, jobs)) killAt.add(random(jobs));
  const underWay = new Set<Promise<void>>();
  for (let i = 0; i < jobs; i++) {
    const [job, right] = killAt.has(i) ? killer(executor, random, report) : harmless(executor, i, random);
    settled.set(job.id, 0);
    job.onSettled(() => settled.set(job.id, settled.get(job.id)! + 1));
    const watched = watch(job, right, report).finally(() => underWay.delete(watched));
    underWay.add(watched);
    if (underWay.size >= window) await new Promise<void>((resolve) => job.onSettled(() => resolve()));
  }
  await Promise.all(underWay);
  report.jobs = settled.size;
  report.odd = [...settled.values()].filter((times) => times !== 1).length;
  return report;
}

function randomFrom(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * n);
  };
}

async function watch(job: Task<unknown>, right: Check, report: SiegeReport): Promise<void> {
  const outcome: [unknown, unknown] = await job.then(
    (value): [unknown, unknown] => [undefined, value],
    (error: unknown): [unknown, unknown] => [error, undefined],
  );
  if (!right(...outcome) && report.wrong.length < 10) report.wrong.push(`${job.name}: ${String(outcome[0] ?? outcome[1])}`);
}

function harmless(executor: Executor, i: number, random: (n: number) => number): [Task<unknown>, Check] {
  const options = random(4) === 0 ? { idempotent: true, priority: random(3), affinity: `key ${random(5)}` } : undefined;
  return [executor.submit(add, [i, 1], options), (error, value) => error === undefined && value === i + 1];
}

function killer(executor: Executor, random: (n: number) => number, { deaths }: SiegeReport): [Task<unknown>, Check] {
  const died =
    (why: 'exit' | 'uncaught' | 'out-of-memory'): Check =>
    (error) => {
      deaths[why]++;
      return error instanceof WorkerDiedError && error.why === why;
    };
  const kind = random(10);
  if (kind < 4) return [executor.submit(exit, [random(5)]), died('exit')];
  if (kind < 6) return [executor.submit(throwInTimer, ['x']), died('uncaught')];
  if (kind < 7) return [executor.submit(eatMemory, []), died('out-of-memory')];
  const killed: Check = (error) => {
    deaths.killed++;
    return isCancelled(error) || (error as Error | undefined)?.name === 'TimeoutError';
  };
  return [executor.submit(spinForever, [new SharedArrayBuffer(4)], { timeout: 1 + random(3), grace: random(3) }), killed];
}
