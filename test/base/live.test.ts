import { expect, it } from 'vitest';
import { isAlive, living, onUnregister, register, statisticsOf, unregister } from '../../src/base/live.ts';

it('lists the statistics of what is alive by kind, with equal names numbered', () => {
  const live = [1, 2, 3].map((n) => ({ statistics: () => ({ n }) }));
  live.forEach((object, i) => register('test-kind', i === 1 ? 'other' : 'same', object));
  expect(statisticsOf('test-kind')).toEqual({ same: { n: 1 }, other: { n: 2 }, 'same (2)': { n: 3 } });
  expect(living('test-kind').map(([object, name]) => [object === live[2], name])).toEqual([
    [false, 'same'],
    [false, 'other'],
    [true, 'same'],
  ]);
  unregister('test-kind', live[0]!);
  unregister('test-kind', live[0]!);
  unregister('unknown kind', live[0]!);
  expect(statisticsOf('test-kind')).toEqual({ other: { n: 2 }, same: { n: 3 } });
  for (const object of live) unregister('test-kind', object);
  expect([statisticsOf('test-kind'), statisticsOf('unknown kind'), living('unknown kind')]).toEqual([{}, {}, []]);
});

it('knows whether something of a name is alive', () => {
  const object = { statistics: () => ({}) };
  register('test-kind', 'me', object);
  expect([isAlive('test-kind', 'me'), isAlive('test-kind', 'you'), isAlive('no such kind', 'me')]).toEqual([true, false, false]);
  unregister('test-kind', object);
  expect(isAlive('test-kind', 'me')).toBe(false);
});

it('tells when one is about to leave, while its statistics can still be read', () => {
  const object = { statistics: () => ({ done: 5 }) };
  const seen: object[] = [];
  register('test-kind', 'pool', object);
  const end = onUnregister((kind) => void seen.push({ kind, ...statisticsOf(kind) }));
  unregister('test-kind', object);
  end();
  unregister('test-kind', object);
  expect(seen).toEqual([{ kind: 'test-kind', pool: { done: 5 } }]);
});
