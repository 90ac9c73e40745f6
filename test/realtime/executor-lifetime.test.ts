/**
 * What executors do to the life of a process: idle they never hold it, with work they always do. What is special about child
 * processes is in process-lifetime.test.ts.
 */
import { describe, expect, it } from 'vitest';
import type { Ended } from '../support/programs.ts';
import { runJobProgram } from '../support/programs.ts';

describe.each([
  ['threads', 'thread'],
  ['child processes', 'process'],
])('with %s, a program', (_workers, kind) => {
  const lifetime = (thing: string): Promise<Ended> => runJobProgram('lifetime', { args: [thing, kind] });

  it.concurrent.each([
    ['idle', '3\n'],
    ['minimum', '3\n'],
    ['unused', 'unused\n'],
    ['warm', 'warm\n'],
    ['cancelled', 'cancelled\n'],
    ['killed', 'killed\n'],
    ['crashed', 'WorkerDiedError\n'],
    ['timedOut', 'TimeoutError\n'],
    ['limits', '3\n'],
  ])('that never calls shutdown() ends by itself when nothing is pending: %s', async (thing, stdout) => {
    expect(await lifetime(thing)).toEqual({ stdout, stderr: '', exit: 0 });
  });

  it.concurrent.each([
    ['pending', 'napped 300\n'],
    ['queued', 'napped 50\nnapped 51\nnapped 52\n'],
    ['warming', 'warm at last\n'],
    ['killing', 'killed\n'],
  ])('that never calls shutdown() does not end while something is pending: %s', async (thing, stdout) => {
    expect(await lifetime(thing)).toEqual({ stdout, stderr: '', exit: 0 });
  });

  it.concurrent.each(['closed', 'closedTwice'])(
    'that calls shutdown() has no worker, no port and no timer afterwards: %s (112, 114)',
    async (thing) => {
      expect(await lifetime(thing)).toEqual({ stdout: '[]\n', stderr: '', exit: 0 });
    },
  );

  it.concurrent('that calls shutdown() ends when the last job has ended and the workers are gone (108)', async () => {
    expect(await lifetime('closing')).toEqual({ stdout: 'napped 100\nclosed\n', stderr: '', exit: 0 });
  });

  it.concurrent('with a stuck job is warned with the limit of its shutdown, and ends (TH-21)', async () => {
    const { stdout, stderr, exit } = await lifetime('stuck');
    expect([stdout, exit]).toEqual(['[]\n', 0]);
    expect(stderr).toContain('stuck pool did not shut down within 50 ms: 1 running and 0 waiting jobs were cancelled');
  });
});

describe('run()', () => {
  it.concurrent('ends while an abandoned job still works: no crash, no output (TH-13)', async () => {
    expect(await runJobProgram('lifetime', { args: ['abandoned'] })).toEqual({ stdout: 'run is over\n', stderr: '', exit: 0 });
  });

  it.concurrent('leaves nothing of its executors behind', async () => {
    expect(await runJobProgram('lifetime', { args: ['wholeRun'] })).toEqual({ stdout: '3\n[]\n', stderr: '', exit: 0 });
  });
});
