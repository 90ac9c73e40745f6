import { expect, it } from 'vitest';
import { storeSafely } from '../../src/executors/remote-store-safely.ts';

const [up, wanted] = [{ ready: true }, { over: false }];

it('waits for the server, and puts it there once', async () => {
  const server = { ready: false };
  let puts = 0;
  setTimeout(() => (server.ready = true), 50);
  expect(await storeSafely(() => Promise.resolve(`key ${++puts}`), server, wanted)).toBe('key 1');
});

it('tries again when the connection was lost meanwhile', async () => {
  const answers = [() => Promise.reject(new Error('lost')), () => Promise.resolve('key')];
  expect(await storeSafely(() => answers.shift()!(), up, wanted)).toBe('key');
});

it('tells the error of a store that fails again and again', async () => {
  let tries = 0;
  await expect(storeSafely(() => Promise.reject(new Error(`no ${++tries}`)), up, wanted)).rejects.toThrow('no 5');
});

it('gives up when nobody wants it any more', async () => {
  expect(await storeSafely(() => Promise.resolve('key'), { ready: false }, { over: true })).toBe(null);
});
