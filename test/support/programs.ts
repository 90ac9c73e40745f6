/** Programs in a process of their own: what keeps a process alive, or brings it down, cannot be seen from inside of one. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { inject } from 'vitest';

const patience = 60_000; // longer than that it hangs

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number | NodeJS.Signals | null;
}

/** Runs test/fixtures/jobs/programs/<name>.ts, compiled, with the Node that runs the tests. */
export function runJobProgram(name: string, { args = [], flags = [] }: { args?: string[]; flags?: string[] } = {}): Promise<Ended> {
  const file = join(inject('compiled'), `test/fixtures/jobs/programs/${name}.js`);
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^(?:VITEST|NODE_OPTIONS|NODE_ENV|TEST|OFFLOOP_)/.test(key)),
  );
  return new Promise((resolve, reject) => {
    const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
    const child = spawn(process.execPath, [...flags, file, ...args], { env, stdio, timeout: patience, killSignal: 'SIGKILL' });
    const ended = { stdout: '', stderr: '', exit: null };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text));
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ ...ended, exit: code ?? signal }));
  });
}
