import { expect, it } from 'vitest';
import { living, register, statisticsOf, unregister } from '../../src/base/live.ts';

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
