import { expect, it } from 'vitest';
import { BrokenResourceError, OffloopError } from '../../src/base/errors.ts';
import { RemoteJobLostError, RemoteRefusedError, RemoteUnavailableError, RemoteUnsupportedError } from '../../src/base/remote-errors.ts';
import { decodeThrown, encodeThrown } from '../../src/wire/error-codec.ts';

it.each([
  [new RemoteJobLostError('gone', 'resize'), 'OFFLOOP_REMOTE_JOB_LOST', true],
  [new RemoteUnavailableError('away'), 'OFFLOOP_REMOTE_UNAVAILABLE', true],
  [new RemoteRefusedError('forged'), 'OFFLOOP_REMOTE_REFUSED', false],
  [new RemoteUnsupportedError('no'), 'OFFLOOP_REMOTE_UNSUPPORTED', false],
] as const)('%s has a code and a place among the errors of the library', (error, code, broken) => {
  expect(error).toMatchObject({ code, name: error.constructor.name });
  expect(error instanceof OffloopError).toBe(true);
  expect(error instanceof BrokenResourceError).toBe(broken);
});

it('a lost job is named, also after a trip', () => {
  const error = decodeThrown(encodeThrown(new RemoteJobLostError('gone', 'resize')));
  expect(error).toMatchObject({ code: 'OFFLOOP_REMOTE_JOB_LOST', job: 'resize', message: 'gone' });
});
