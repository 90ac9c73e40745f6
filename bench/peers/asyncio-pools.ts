/** Python's executors through asyncio as contestants, when python3 is there: one interpreter for the whole run, told what to do line by line. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Contestant } from '../harness.ts';

export interface AsyncioPools {
  readonly threads: Contestant;
  readonly processes: Contestant;
  readonly version: string;
}

/** More at once would take minutes; a job costs the same in a tenth of them. */
const MOST = 20_000;

export async function asyncioPools(): Promise<AsyncioPools | null> {
  let version: string;
  try {
    version = execFileSync('python3', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
  const python = spawn('python3', [fileURLToPath(new URL('./asyncio_pools.py', import.meta.url))], { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = once(python, 'exit');
  const answers = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  const contestant = (kind: string, name: string): Contestant => ({
    name,
    run: async (n, window) => {
      const part = Math.min(n, MOST);
      python.stdin.write(`${kind} ${part} ${window}\n`);
      const answer = await answers.next();
      if (answer.done === true) throw new Error('python3 has ended');
      return Number(answer.value) * (n / part);
    },
    close: async () => {
      python.stdin.end(); // both end with it: a bench closes all when it is done
      await gone;
    },
  });
  return {
    version,
    threads: contestant('threads', 'asyncio + ThreadPoolExecutor'),
    processes: contestant('processes', 'asyncio + ProcessPoolExecutor'),
  };
}
