import { expect, it } from 'vitest';
import { isAlive, register, statisticsOf, unregister } from '../../src/base/live.ts';

it('lists the statistics of what is alive by kind, with equal names numbered', () => {
  const live = [1, 2, 3].map((n) => ({ statistics: () => ({ n }) }));
  live.forEach((object, i) => register('test-kind', i === 1 ? 'other' : 'same', object));
  expect(statisticsOf('test-kind')).toEqual({ same: { n: 1 }, other: { n: 2 }, 'same (2)': { n: 3 } });
  unregister('test-kind', live[0]!);
  unregister('test-kind', live[0]!);
  unregister('unknown kind', live[0]!);
  expect(statisticsOf('test-kind')).toEqual({ other: { n: 2 }, same: { n: 3 } });
  for (const object of live) unregister('test-kind', object);
  expect([statisticsOf('test-kind'), statisticsOf('unknown kind')]).toEqual([{}, {}]);
});

it('knows whether something of a name is alive', () => {
  const object = { statistics: () => ({}) };
  register('test-kind', 'me', object);
  expect([isAlive('test-kind', 'me'), isAlive('test-kind', 'you'), isAlive('no such kind', 'me')]).toEqual([true, false, false]);
  unregister('test-kind', object);
  expect(isAlive('test-kind', 'me')).toBe(false);
});
