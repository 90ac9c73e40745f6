import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { PROC } from '../../src/cli/proc.ts';
import { quietMoment } from '../../src/cli/quiet-moment.ts';

const root = mkdtempSync(join(tmpdir(), 'offloop-quiet-'));
afterAll(() => rmSync(root, { recursive: true }));
const folder = join(root, '100/task/100');
mkdirSync(folder, { recursive: true });

function state(syscall: string, timesAsleep: number): void {
  writeFileSync(join(folder, 'syscall'), `${syscall}\n`);
  writeFileSync(join(folder, 'status'), `Name:\tnode\nvoluntary_ctxt_switches:\t${timesAsleep}\nnonvoluntary_ctxt_switches:\t9\n`);
}
/** Longer than any test: it is the state that ends these waits, not the time. */
const LONG = 1e9;
/** Whether the moment has come, after a while. */
async function comesWithin(ms: number, moment: Promise<void>): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), ms));
  return Promise.race([moment.then(() => true), late]);
}

describe('the moment to send a signal', () => {
  test('is when the main thread has just gone to sleep again, not while it sleeps on, nor while it runs', async () => {
    state('281 0x12', 5);
    const moment = quietMoment(100, root, LONG);
    expect(await comesWithin(20, moment)).toBe(false);
    state('running', 6); // it woke up, slept for an instant, and runs
    expect(await comesWithin(20, moment)).toBe(false);
    state('281 0x12', 7);
    await moment;
  });

  test.each(['281 0x12', 'running'])('is any, for one that does nothing else (%s)', async (syscall) => {
    state(syscall, 5);
    await quietMoment(100, root);
  });

  test('is any, for one of which nothing is known', async () => {
    await quietMoment(101, root);
  });

  test.runIf(process.platform === 'linux')('is found in a real program between its timers', async () => {
    const busy = `setInterval(() => { for (const end = performance.now() + 5; performance.now() < end; ); }, 20); console.log('up');`;
    const child = spawn(process.execPath, ['-e', busy], { stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    for (let i = 0; i < 10; i++) await quietMoment(child.pid!, PROC, LONG);
    child.kill('SIGKILL');
  });
});
