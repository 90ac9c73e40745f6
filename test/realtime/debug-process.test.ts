/** Debug mode in a program of its own: real stacks, real stderr, and the environment variable. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

async function stderrOf(debug: string): Promise<string> {
  const env = { ...process.env, OFFLOOP_DEBUG: debug, NODE_OPTIONS: '' };
  const { stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', 'test/fixtures/debug-program.ts'], { cwd: root, env });
  return stderr;
}

it('a program in debug mode tells of its mistakes, with their lines', async () => {
  const stderr = await stderrOf('1');
  expect(stderr).toMatch(
    /Task exception was never retrieved in task "debug-program\.ts:16" Error: stray\n( {4}at .*\n)+ *created at:\n {4}at .*debug-program\.ts:16:\d+\)?\n/,
  );
  expect(stderr).toMatch(
    /Queue\.get was never awaited: .* in task "forgets"\ncreated at:\n {4}at .*forgets \(.*debug-program\.ts:19:\d+\)/,
  );
  expect(stderr).toMatch(
    /Deadlock: 2 tasks wait for each other\n {2}task "back", created at \S*debug-program\.ts:25:\d+, holds Lock #1 \(taken at \S*debug-program\.ts:13:\d+\) and waits for Lock #2 at \S*debug-program\.ts:13:\d+\n {2}task "there"/,
  );
  expect(stderr.match(/Deadlock/g)).toHaveLength(1);
});

it('with an empty OFFLOOP_DEBUG it only tells of the error that nobody retrieved', async () => {
  const stderr = await stderrOf('');
  expect(stderr).toMatch(/^Task exception was never retrieved in task "Task-\d+" Error: stray\n/);
  expect(stderr).not.toMatch(/never awaited|Deadlock|created at/);
});
