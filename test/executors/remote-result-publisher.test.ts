import { describe, expect, it } from 'vitest';
import { RemoteKeys } from '../../src/executors/remote-keys.ts';
import { resultPublisher } from '../../src/executors/remote-result-publisher.ts';
import { hasSharedRedis } from '../support/redis.ts';
import { remoteBench, until } from '../support/remote.ts';

describe.runIf(hasSharedRedis())('publishing a result', () => {
  const bench = remoteBench();

  it('tells what stands in the queue by then, although it was asked for before; what does not stand there is not told', async () => {
    const [redis, ear] = [bench.server.client(), bench.server.client()];
    const keys = new RemoteKeys('offloop', bench.pool());
    const publish = resultPublisher(redis, keys);
    const heard: unknown[] = [];
    ear.on('message', (_channel, text: string) => heard.push(JSON.parse(text)));
    await ear.subscribe(keys.answers('me'));
    expect(await publish('me', 'never')).toBe(false);
    const told = publish('me', 'a "strange" id');
    // As BullMQ does: after some promises, in the same turn.
    await Promise.resolve();
    const put = redis.hset(keys.job('a "strange" id'), 'returnvalue', JSON.stringify('the "result"'));
    expect([await told, await put]).toEqual([true, 1]);
    await until(() => heard.length > 0);
    expect(heard).toEqual([[{ t: 'done', id: 'a "strange" id', result: 'the "result"' }]]);
  });
});
