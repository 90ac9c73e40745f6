import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { resolveRemoteOptions } from '../../src/executors/remote-options.ts';
import type { RemoteOptions } from '../../src/executors/remote-options.ts';

const url = 'redis://localhost';
const resolve = (options: object) => (): unknown => resolveRemoteOptions({ url, ...options } as RemoteOptions);

it('have defaults', () => {
  expect(resolveRemoteOptions({ url })).toMatchObject({
    pool: 'default',
    prefix: 'offloop',
    name: 'RemoteExecutor',
    maxOutage: 60_000,
    patience: 30_000,
    lookAhead: 256,
    hmacKey: undefined,
    version: undefined,
  });
});

it('take the version of the code from the environment, when they do not name it', () => {
  process.env['OFFLOOP_CODE_VERSION'] = 'abc';
  try {
    expect([resolveRemoteOptions({ url }).version, resolveRemoteOptions({ url, version: 'x' }).version]).toEqual(['abc', 'x']);
  } finally {
    delete process.env['OFFLOOP_CODE_VERSION'];
  }
});

describe('are refused by name', () => {
  it.each<[string, object, string]>([
    ['unknown', { pol: 'x' }, 'Unknown option options.pol'],
    ['a pool with a colon', { pool: 'a:b' }, 'options.pool to be a name of letters, digits'],
    ['a prefix with braces', { prefix: '{a}' }, 'options.prefix to be a name'],
    ['a pool that is no text', { pool: 5 }, 'options.pool to be a string, got 5'],
    ['a short key', { hmacKey: 'short' }, 'options.hmacKey to be a string or Uint8Array of at least 16 bytes'],
    ['a key of another type', { hmacKey: 5 }, 'options.hmacKey to be a string or Uint8Array'],
    ['no duration', { maxOutage: -1 }, 'options.maxOutage'],
    ['no patience', { patience: NaN }, 'options.patience'],
    ['no store', { blobs: { get() {} } }, 'options.blobs to be a BlobStore'],
    ['no function', { moduleId: 'x' }, 'options.moduleId to be a function'],
    ['no look-ahead', { lookAhead: 0 }, 'options.lookAhead'],
    ['no version', { version: 5 }, 'options.version to be a string'],
  ])('%s', (_what, options, message) => {
    expect(resolve(options)).toThrow(message);
  });

  it('and a key is not shown', () => {
    let thrown: unknown;
    try {
      resolve({ hmacKey: 'my secret' })();
    } catch (error) {
      thrown = error;
    }
    expect(inspect(thrown)).not.toContain('my secret');
  });
});
