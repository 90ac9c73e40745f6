import { expect, it } from 'vitest';
import { NotCloneableError } from '../../src/base/errors.ts';
import { ActorEndpoint, handOver } from '../../src/wire/actor-endpoint.ts';
import { decodeThrown } from '../../src/wire/error-codec.ts';
import type { Encoded } from '../../src/wire/error-codec.ts';
import { move } from '../../src/wire/transfer.ts';

interface Sent {
  readonly id: string;
  readonly value: [kind: string, payload: unknown];
}

/** An endpoint over a port that clones, and what came out at either end. */
function endpoint(): { endpoint: ActorEndpoint; sent: Sent[]; heard: Sent[] } {
  const sent: Sent[] = [];
  const heard: Sent[] = [];
  const postMessage = (message: unknown, transfer?: never): void =>
    void sent.push(structuredClone(message, { transfer: transfer ?? [] }) as Sent);
  const made = new ActorEndpoint({ postMessage } as never);
  made.addEventListener('message', ({ data }) => heard.push(data as Sent));
  return { endpoint: made, sent, heard };
}

const uncloneable = (): number => 1;

it('hands what it receives to its listeners, until they leave', () => {
  const { endpoint: made, heard } = endpoint();
  const other: unknown[] = [];
  const listener = ({ data }: { data: unknown }): void => void other.push(data);
  made.addEventListener('message', listener);
  made.receive('a');
  made.removeEventListener('message', listener);
  made.receive('b');
  expect([heard, other]).toEqual([['a', 'b'], ['a']]);
});

it('answers a request that cannot be cloned by itself, with the path (126)', () => {
  const { endpoint: made, sent, heard } = endpoint();
  const request = ['call', 1, [{ list: [uncloneable] }], false, 'put', []] as const;
  made.postMessage({ id: 'x', type: 'APPLY', argumentList: [{ value: request }] });
  expect([sent, heard[0]!.id, heard[0]!.value[0]]).toEqual([[], 'x', 'refused']);
  expect(heard[0]!.value[1]).toMatchObject({ path: 'args[0].list[0]', code: 'OFFLOOP_NOT_CLONEABLE' });
});

it('sends an error in the place of a value that cannot be cloned (99, 126)', () => {
  const { endpoint: made, sent } = endpoint();
  made.postMessage({ id: 'x', type: 'RAW', value: ['value', { deep: uncloneable }] });
  const error = decodeThrown(sent[0]!.value[1] as Encoded);
  expect([sent[0]!.id, sent[0]!.value[0], error instanceof NotCloneableError]).toEqual(['x', 'error', true]);
  expect(error).toMatchObject({ path: 'result.deep' });
});

it('keeps the items of a batch that come before the one that cannot be cloned', () => {
  const { endpoint: made, sent } = endpoint();
  made.postMessage({ id: 'x', type: 'RAW', value: ['batch', { items: [1, 2, uncloneable, 4], coded: false, end: null }] });
  const [kind, batch] = sent[0]!.value as [string, { items: unknown[]; end: { thrown: Encoded } }];
  expect([kind, batch.items]).toEqual(['batch', [1, 2]]);
  expect(decodeThrown(batch.end.thrown)).toMatchObject({ path: 'result', code: 'OFFLOOP_NOT_CLONEABLE' });
});

it('says nothing any more once it is closed', () => {
  const { endpoint: made, sent, heard } = endpoint();
  made.close();
  made.postMessage({ id: 'x', type: 'RAW', value: ['value', uncloneable] });
  expect([sent, heard]).toEqual([[], []]);
});

it('leaves messages in which nothing is to be moved as they are', () => {
  const message = ['value', new Uint8Array(8)];
  expect(handOver(message, [message[1]])).toBe(message);
  expect(handOver(message, [move(message[1])])).toBe(message); // comlink remembers the list beside it
});
