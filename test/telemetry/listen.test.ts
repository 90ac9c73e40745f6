import { channel } from 'node:diagnostics_channel';
import { expect, it } from 'vitest';
import { listen } from '../../src/telemetry/listen.ts';

it('hears several channels until it is told to stop', () => {
  const heard: string[] = [];
  const stop = listen({ 'test:a': (m: number) => void heard.push(`a${m}`), 'test:b': (m: number) => void heard.push(`b${m}`) });
  channel('test:a').publish(1);
  channel('test:b').publish(2);
  stop();
  channel('test:a').publish(3);
  expect(heard).toEqual(['a1', 'b2']);
  expect(channel('test:a').hasSubscribers).toBe(false);
});
