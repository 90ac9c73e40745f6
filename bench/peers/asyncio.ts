/** Python's asyncio as a contestant, when python3 is there: one interpreter for the whole run, told what to do line by line. */
import { execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Contestant } from '../harness.ts';
import type { Row } from '../kernel/row.ts';

type Key = NonNullable<Row['key']>;

export type AsyncioRows = { readonly [K in Key]: Contestant } & { readonly version: string };

const keys: readonly Key[] = ['uncontended', 'contended', 'queue', 'spawn', 'map', 'cancel', 'timeout'];

export async function asyncio(): Promise<AsyncioRows | null> {
  let version: string;
  try {
    version = execFileSync('python3', ['--version'], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
  const python = spawn('python3', [fileURLToPath(new URL('./asyncio_rows.py', import.meta.url))], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  python.unref();
  const row = (key: string): Contestant => ({
    name: 'asyncio',
    run: async (n) => {
      python.stdin.write(`${key} ${n}\n`);
      const answer = await answers.next();
      if (answer.done === true) throw new Error('python3 has ended');
      return Number(answer.value) / 1000;
    },
    close: () => Promise.resolve(),
  });
  return { version, ...(Object.fromEntries(keys.map((key) => [key, row(key)])) as { [K in Key]: Contestant }) };
}
