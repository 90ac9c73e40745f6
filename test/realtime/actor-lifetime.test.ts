/** What actors do to the life of a process: idle they never hold it, with a call under way they do. */
import { expect, it } from 'vitest';
import { runJobProgram } from '../support/programs.ts';

it.each([
  ['an idle actor', 'idle', '3\n'],
  ['a callback that it was passed (137)', 'callback', '2\n'],
  ['an actor that died', 'dead', 'WorkerDiedError\n'],
])('%s does not keep a process alive', async (_what, thing, stdout) => {
  expect(await runJobProgram('actors', { args: [thing] })).toEqual({ stdout, stderr: '', exit: 0 });
});

it('a call under way does', async () => {
  expect(await runJobProgram('actors', { args: ['pending'] })).toEqual({ stdout: '3\n', stderr: '', exit: 0 });
});

it.each(['released', 'wholeRun', 'cancelledSpawn', 'failedSpawn'])('nothing is left of an actor that has ended: %s', async (thing) => {
  expect(await runJobProgram('actors', { args: [thing] })).toEqual({ stdout: '3\n[]\n', stderr: '', exit: 0 });
});
