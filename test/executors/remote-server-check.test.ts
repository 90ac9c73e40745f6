import { describe, expect, it } from 'vitest';
import { checkServer } from '../../src/executors/remote-server-check.ts';
import type { ServerFacts } from '../../src/executors/remote-server-check.ts';
import { hasRedis, startRedis } from '../support/redis.ts';

const server = (facts: Record<string, string>, save: string | Error): ServerFacts => ({
  info: (() => Promise.resolve(Object.entries(facts).map(([key, value]) => `${key}:${value}`).join('\r\n'))) as never, // prettier-ignore
  config: () => (typeof save === 'string' ? Promise.resolve(['save', save]) : Promise.reject(save)),
});
const good = { redis_version: '7.0.15', aof_enabled: '1', maxmemory_policy: 'noeviction' };

describe('a server', () => {
  it('with an append-only file and without eviction is fit', async () => {
    expect(await checkServer(server(good, ''))).toEqual([]);
  });

  it('without persistence, or with snapshots only, is warned of', async () => {
    expect((await checkServer(server({ ...good, aof_enabled: '0' }, ''))).join()).toContain('keeps nothing on disk');
    expect((await checkServer(server({ ...good, aof_enabled: '0' }, '3600 1'))).join()).toContain('snapshots only (save 3600 1)');
    expect((await checkServer(server({ ...good, aof_enabled: '0' }, new Error('no')))).join()).toContain('keeps nothing on disk');
  });

  it('that evicts is warned of', async () => {
    expect((await checkServer(server({ ...good, maxmemory_policy: 'allkeys-lru' }, ''))).join()).toContain('allkeys-lru');
  });

  it.each(['6.0.16', '5.0.1', '0'])('of version %s is refused', async (version) => {
    await expect(checkServer(server({ ...good, redis_version: version }, ''))).rejects.toThrow(version);
  });

  it('that is Valkey may call itself an older Redis', async () => {
    expect(await checkServer(server({ ...good, redis_version: '5.0', valkey_version: '8.0.1' }, ''))).toEqual([]);
  });

  it.runIf(hasRedis())('that is real tells the same', async () => {
    const [kept, forgetful] = await Promise.all([
      startRedis(),
      startRedis({ persistent: false, args: ['--maxmemory-policy', 'allkeys-lru'] }),
    ]);
    try {
      expect(await checkServer(kept.client())).toEqual([]);
      expect(await checkServer(forgetful.client())).toHaveLength(2);
    } finally {
      await Promise.all([kept, forgetful].map((one) => one[Symbol.asyncDispose]()));
    }
  });
});
