/** What executors do to the life of a process: idle they never hold it, with work they always do. */
import { describe, expect, it } from 'vitest';
import { runJobProgram } from '../support/programs.ts';

describe('a program that never calls shutdown()', () => {
  it.each([
    ['idle', '3\n'],
    ['minimum', '3\n'],
    ['unused', 'unused\n'],
    ['warm', 'warm\n'],
    ['cancelled', 'cancelled\n'],
    ['killed', 'killed\n'],
    ['crashed', 'WorkerDiedError\n'],
    ['timedOut', 'TimeoutError\n'],
    ['limits', '3\n'],
  ])('ends by itself when nothing is pending: %s', async (thing, stdout) => {
    expect(await runJobProgram('lifetime', { args: [thing] })).toEqual({ stdout, stderr: '', exit: 0 });
  });

  it.each([
    ['pending', 'napped 300\n'],
    ['queued', 'napped 50\nnapped 51\nnapped 52\n'],
    ['warming', 'warm at last\n'],
    ['killing', 'killed\n'],
  ])('does not end while something is pending: %s', async (thing, stdout) => {
    expect(await runJobProgram('lifetime', { args: [thing] })).toEqual({ stdout, stderr: '', exit: 0 });
  });
});

describe('a program that calls shutdown()', () => {
  it.each(['closed', 'closedTwice'])('has no worker, no port and no timer afterwards: %s (112, 114)', async (thing) => {
    expect(await runJobProgram('lifetime', { args: [thing] })).toEqual({ stdout: '[]\n', stderr: '', exit: 0 });
  });

  it('ends when the last job has ended and the workers are gone (108)', async () => {
    expect(await runJobProgram('lifetime', { args: ['closing'] })).toEqual({ stdout: 'napped 100\nclosed\n', stderr: '', exit: 0 });
  });

  it('with a stuck job and a time limit is warned with that limit, and ends (TH-21)', async () => {
    const { stdout, stderr, exit } = await runJobProgram('lifetime', { args: ['stuck'] });
    expect([stdout, exit]).toEqual(['[]\n', 0]);
    expect(stderr).toContain('stuck pool did not shut down within 50 ms: 1 running and 0 waiting jobs were cancelled');
  });
});

describe('run()', () => {
  it('ends while an abandoned job still works: no crash, no output (TH-13)', async () => {
    expect(await runJobProgram('lifetime', { args: ['abandoned'] })).toEqual({ stdout: 'run is over\n', stderr: '', exit: 0 });
  });

  it('leaves nothing of its executors behind', async () => {
    expect(await runJobProgram('lifetime', { args: ['wholeRun'] })).toEqual({ stdout: '3\n[]\n', stderr: '', exit: 0 });
  });
});
