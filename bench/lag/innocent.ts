/** Who is blamed where nobody is to blame, and what a thousand blocks leave in memory. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism, constants, setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

interface Told {
  readonly reports: readonly { readonly cause?: string; readonly confidence?: string; readonly line?: number; readonly duration: number }[];
  readonly rss: number;
  readonly heapUsed: number;
}

export interface Innocence {
  readonly contestant: string;
  readonly trial: string;
  /** Blocks reported; those of them with a cause that is not the true one; those of these that name a line. */
  readonly told: number;
  readonly otherCause: number;
  readonly blamed: number;
}

export interface Growth {
  readonly contestant: string;
  /** Blocks told of in all. */
  readonly blocks: number;
  /** Megabytes that the later three quarters of them have added. */
  readonly rss: number;
  readonly heap: number;
}

const start = async (contestant: string, threshold: number): Promise<ChildProcess> => {
  const child = fork(fileURLToPath(new URL('./innocent.mjs', import.meta.url)), [contestant, String(threshold)], { execArgv: [] });
  await once(child, 'message');
  return child;
};

async function tell(child: ChildProcess, ...order: unknown[]): Promise<Told> {
  const answer = once(child, 'message');
  child.send(order);
  return ((await answer) as [Told])[0];
}

/** What each may be told as. */
const trials: Readonly<Record<string, { innocent: readonly string[]; run(child: ChildProcess): Promise<Told> }>> = {
  SIGSTOP: {
    innocent: ['suspended', 'cpu-starved'],
    async run(child) {
      const told = tell(child, 'rest', 2500);
      for (let i = 0; i < 3; i++) {
        await delay(300);
        child.kill('SIGSTOP');
        await delay(400);
        child.kill('SIGCONT');
      }
      return told;
    },
  },
  'garbage collection': { innocent: ['gc', 'cpu-starved'], run: (child) => tell(child, 'collect', 1500) },
  'no CPU': {
    innocent: ['cpu-starved', 'suspended'],
    async run(child) {
      setPriority(child.pid!, constants.priority.PRIORITY_LOW);
      const busy = Array.from({ length: 4 * availableParallelism() }, () => new Worker('for (;;);', { eval: true }));
      const told = await tell(child, 'nibble', 4000);
      await Promise.all(busy.map((worker) => worker.terminate()));
      return told;
    },
  },
};

/** One trial after the other, in all contestants side by side. */
export async function innocence(contestants: readonly string[]): Promise<Innocence[]> {
  const found: Innocence[] = [];
  for (const [trial, { innocent, run }] of Object.entries(trials)) {
    const one = async (contestant: string): Promise<Innocence> => {
      const child = await start(contestant, contestant === 'debug' ? 20 : 100);
      const { reports } = await run(child);
      child.disconnect();
      const wrong = reports.filter(({ cause = '' }) => !innocent.includes(cause));
      if (process.env['LAG_MISSES'] !== undefined) console.log(contestant, trial, JSON.stringify(wrong));
      return {
        contestant,
        trial,
        told: reports.length,
        otherCause: wrong.length,
        blamed: wrong.filter(({ line }) => line !== undefined).length,
      };
    };
    found.push(...(await Promise.all(contestants.map(one))));
  }
  return found;
}

const FIRST = 250;
const REST = 750;

/** Side by side. */
export function growth(contestants: readonly string[]): Promise<Growth[]> {
  return Promise.all(
    contestants.map(async (contestant) => {
      const child = await start(contestant, 20);
      const before = await tell(child, 'block', FIRST);
      const after = await tell(child, 'block', REST);
      child.disconnect();
      const [rss, heap] = [after.rss - before.rss, after.heapUsed - before.heapUsed].map((bytes) => bytes / 1e6) as [number, number];
      return { contestant, blocks: before.reports.length + after.reports.length, rss, heap };
    }),
  );
}
