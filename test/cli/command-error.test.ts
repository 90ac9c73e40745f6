import { expect, test } from 'vitest';
import { OffloopError } from '../../src/base/errors.ts';
import { CommandError, exitCodes, failure, unreachable, usageError } from '../../src/cli/command-error.ts';

test('each kind of failure has its exit code and its error code, which scripts rely on', () => {
  const all = [failure('a'), usageError('b'), unreachable('c')];
  expect(all.map(({ exitCode, code }) => [exitCode, code])).toEqual([
    [1, 'OFFLOOP_CLI_FAILED'],
    [2, 'OFFLOOP_CLI_USAGE'],
    [3, 'OFFLOOP_CLI_UNREACHABLE'],
  ]);
  expect(exitCodes.ok).toBe(0);
});

test('a failure is an error of the house, with its name and cause', () => {
  const cause = new Error('disk');
  const error = failure('cannot write', cause);
  expect(error).toBeInstanceOf(CommandError);
  expect(error).toBeInstanceOf(OffloopError);
  expect(error).toMatchObject({ name: 'CommandError', message: 'cannot write', cause });
});
