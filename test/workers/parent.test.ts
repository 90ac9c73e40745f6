/** The child's end of the channel. What needs a process of its own is in executors/process-worker and realtime/process-lifetime. */
import { EventEmitter } from 'node:events';
import { deserialize } from 'node:v8';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ParentChannel as Channel } from '../../workers/parent.ts';

type Sent = [message: [token: number, bytes: Uint8Array], left: () => void];
let sent: Sent[] = [];
let channel: Channel;
const real = process.send;

beforeEach(async () => {
  sent = [];
  process.send = ((...args: Sent) => void sent.push(args)) as never; // captured when the module is loaded
  vi.resetModules();
  const { ParentChannel } = await import('../../workers/parent.ts');
  channel = new ParentChannel(77);
});
afterEach(() => {
  process.send = real as never;
});

describe('ParentChannel', () => {
  it('marks each message with its token, and throws what cannot be cloned', () => {
    channel.postMessage([0, 1, new Map([[1, 2n]])]);
    const [token, bytes] = sent[0]![0];
    expect([token, deserialize(bytes)]).toEqual([77, [0, 1, new Map([[1, 2n]])]]);
    expect(() => channel.postMessage([0, 1, () => 0])).toThrow('could not be cloned');
    expect(sent).toHaveLength(1);
  });

  it('remembers what has not left yet', () => {
    for (const value of ['a', 'b', 'c']) channel.postMessage([0, 1, value]);
    sent[0]![1]();
    const { from, messages, uncaught } = channel.lastWords(null);
    expect([from, messages.map((bytes) => (deserialize(bytes) as unknown[])[2]), uncaught]).toEqual([1, ['b', 'c'], null]);
    sent[1]![1]();
    sent[2]![1]();
    expect(channel.lastWords(null)).toEqual({ from: 3, messages: [], uncaught: null });
  });

  it('hears what carries its token, and nothing else', async () => {
    const received: unknown[] = [];
    const on = vi.spyOn(process, 'on').mockReturnValue(new EventEmitter() as never);
    channel.listen((message) => received.push(message));
    const hear = on.mock.calls.find(([event]) => (event as string) === 'message')![1] as (message: unknown) => void;
    channel.postMessage({ type: 'goodbye' });
    const { bytes } = { bytes: sent[0]![0][1] };
    for (const stray of ['text', null, { type: 'goodbye' }, [76, bytes], [], [77, bytes]]) hear(stray);
    expect(received).toEqual([{ type: 'goodbye' }]);
  });
});
