import { expect, it, vi } from 'vitest';
import { Ties } from '../../src/executors/ties.ts';
import type { FromJob } from '../../src/wire/protocol.ts';

it('ties are told of the wire all together, and the first that a message is meant for takes it', () => {
  const ties = new Ties();
  const connected = vi.fn<() => void>();
  const hears = { items: vi.fn<() => boolean>(() => true), never: vi.fn<() => boolean>(() => true) };
  ties.add({ extras: { callbacks: 'key' }, connected });
  ties.add({ extras: { credit: 3 }, connected, heard: ({ type }) => type === 'items' && hears.items() });
  ties.add({ extras: {}, heard: hears.never });
  ties.connected({ post: () => {}, keepAlive: () => {} });
  const message: FromJob = { type: 'items', id: 1, items: [], encoded: false };
  expect([ties.extras, ties.heard(message), connected.mock.calls.length]).toEqual([{ callbacks: 'key', credit: 3 }, true, 2]);
  expect([hears.items.mock.calls.length, hears.never.mock.calls.length]).toEqual([1, 0]);
});
