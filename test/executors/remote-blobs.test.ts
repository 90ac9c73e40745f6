import { expect, it } from 'vitest';
import { ServerBlobs } from '../../src/executors/remote-blobs.ts';
import { hasSharedRedis, sharedRedis } from '../support/redis.ts';

it.runIf(hasSharedRedis())('bytes are kept on the server for their time, and gone when they are deleted', async () => {
  const server = await sharedRedis();
  try {
    const redis = server.client();
    const blobs = new ServerBlobs(redis, (id) => `blob:${id}`);
    const bytes = new Uint8Array([0, 255, 10, 13]).subarray(1);
    const key = await blobs.put(bytes, 60_000);
    expect(new Uint8Array((await blobs.get(key))!)).toEqual(bytes);
    expect(await redis.pttl(`blob:${key}`)).toBeGreaterThan(30_000);
    await blobs.delete(key);
    expect(await blobs.get(key)).toBe(undefined);
  } finally {
    await server[Symbol.asyncDispose]();
  }
});
