import { expect, it } from 'vitest';
import { RemoteKeys } from '../../src/executors/remote-keys.ts';

it('all keys of a pool lie in one slot of a cluster, and pools do not share any', () => {
  const all = (keys: RemoteKeys): string[] => [
    `${keys.prefix}:${keys.queue}`,
    keys.job('j'),
    keys.answers('s'),
    keys.control,
    keys.tombstones('j'),
    keys.blob('b'),
    keys.items('j', 0),
    keys.workers,
  ];
  const [a, b] = [all(new RemoteKeys('offloop', 'a')), all(new RemoteKeys('offloop', 'b'))];
  expect(new Set(a.map((key) => /^\{[^}]+\}/.exec(key)?.[0]))).toEqual(new Set(['{offloop-a}']));
  expect(new Set([...a, ...b]).size).toBe(16);
});
