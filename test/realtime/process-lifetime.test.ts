/** What a program does to the life of its child processes. What they do to its own is in executor-lifetime.test.ts. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runJobProgram } from '../support/programs.ts';

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Those of programs that are over. */
const controlFiles = (): string[] =>
  readdirSync('/dev/shm').filter((name) => name.startsWith('offloop-') && !isThere(Number(name.split('-')[1])));

describe('children', () => {
  it.concurrent.each(['idle', 'sleeps', 'spins'])('end when their parent is killed, whatever they do: %s (118)', async (what) => {
    const { stdout, exit } = await runJobProgram('orphan', { args: [what] });
    const pid = Number(stdout);
    expect([exit, pid > 0]).toEqual(['SIGKILL', true]);
    const start = performance.now();
    while (isThere(pid) && performance.now() - start < 20_000) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isThere(pid)).toBe(false);
  });

  it.concurrent('print what they print, also right before they die (100, 101)', async () => {
    const { stdout, stderr, exit } = await runJobProgram('printing');
    expect([stdout, stderr, exit]).toEqual(['to stdout\nSIGKILL\n', 'to stderr\n', 0]);
  });

  it.runIf(process.platform === 'linux')('leave no file behind', async () => {
    const before = controlFiles();
    await runJobProgram('orphan', { args: ['idle'] });
    await runJobProgram('printing');
    expect(controlFiles().filter((name) => !before.includes(name))).toEqual([]);
  });
});
