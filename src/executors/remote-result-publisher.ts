/**
 * Tells a submitter what stands in the queue, in one step on the server. The worker sends this right behind its result: the server
 * takes the commands of a connection in their order, so here the result is in the queue, or was refused.
 */
import type { Writable } from 'node:stream';
import type { Redis } from 'ioredis';
import type { PublishResult } from './remote-answers.ts';
import type { RemoteKeys } from './remote-keys.ts';

/** The return value is JSON already. Ids of shipments are checked before they come here. */
const LUA = `
local result = redis.call('HGET', KEYS[1], 'returnvalue')
if not result then return 0 end
redis.call('PUBLISH', ARGV[1], '[{"t":"done","id":' .. cjson.encode(ARGV[2]) .. ',"result":' .. result .. '}]')
return 1`;

interface Scripted {
  offloopPublishResult(key: string, channel: string, shipment: string): Promise<number>;
}

/** To be called just before the result is sent, in the same turn of the loop. */
export function resultPublisher(redis: Redis, keys: RemoteKeys): PublishResult {
  redis.defineCommand('offloopPublishResult', { numberOfKeys: 1, lua: LUA });
  const server = redis as unknown as Scripted;
  return async (submitter, shipment) => {
    const send = together(redis);
    // All that follows from a promise comes before this, so BullMQ has sent the result by then. If it has not, there is none yet.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    const told = server.offloopPublishResult(keys.job(shipment), keys.answers(submitter), shipment);
    send();
    return (await told) === 1;
  };
}

/** Until the returned function is called, what is written waits, to reach the server in one piece. */
function together(redis: Redis): () => void {
  const { stream } = redis as unknown as { stream?: Partial<Pick<Writable, 'cork' | 'uncork'>> };
  stream?.cork?.();
  return () => stream?.uncork?.();
}
