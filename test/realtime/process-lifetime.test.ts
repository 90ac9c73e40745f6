/** What child processes do to the life of a program, and it to theirs. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runJobProgram } from '../support/programs.ts';

const lifetime = (thing: string) => runJobProgram('lifetime', { args: [thing, 'process'] });

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

describe('a program with child processes that never calls shutdown()', () => {
  it.each([
    ['idle', '3\n'],
    ['minimum', '3\n'],
    ['unused', 'unused\n'],
    ['warm', 'warm\n'],
    ['cancelled', 'cancelled\n'],
    ['killed', 'killed\n'],
    ['crashed', 'WorkerDiedError\n'],
    ['timedOut', 'TimeoutError\n'],
  ])('ends by itself when nothing is pending: %s', async (thing, stdout) => {
    expect(await lifetime(thing)).toEqual({ stdout, stderr: '', exit: 0 });
  });

  it.each([
    ['pending', 'napped 300\n'],
    ['queued', 'napped 50\nnapped 51\nnapped 52\n'],
    ['warming', 'warm at last\n'],
    ['killing', 'killed\n'],
  ])('does not end while something is pending: %s', async (thing, stdout) => {
    expect(await lifetime(thing)).toEqual({ stdout, stderr: '', exit: 0 });
  });
});

describe('a program with child processes that calls shutdown()', () => {
  it('has no process, no pipe and no timer afterwards (112, 114)', async () => {
    expect(await lifetime('closed')).toEqual({ stdout: '[]\n', stderr: '', exit: 0 });
  });

  it('ends when the last job has ended and the children are gone (108)', async () => {
    expect(await lifetime('closing')).toEqual({ stdout: 'napped 100\nclosed\n', stderr: '', exit: 0 });
  });
});

describe('children', () => {
  it.each(['idle', 'sleeps', 'spins'])('end when their parent is killed, whatever they do: %s (118)', async (what) => {
    const { stdout, exit } = await runJobProgram('orphan', { args: [what] });
    const pid = Number(stdout);
    expect([exit, pid > 0]).toEqual(['SIGKILL', true]);
    const start = performance.now();
    while (isThere(pid) && performance.now() - start < 20_000) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isThere(pid)).toBe(false);
  });

  it('print what they print, also right before they die (100, 101)', async () => {
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
