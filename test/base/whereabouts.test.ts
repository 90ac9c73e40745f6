import { expect, test } from 'vitest';
import { answerForThreads, whereIs } from '../../src/base/whereabouts.ts';

test('nobody tells where a thread is, unless somebody has registered', async () => {
  expect(whereIs(1)).toBeNull();
  const end = answerForThreads((id) => Promise.resolve([{ fn: `f${id}`, file: '/a.js', line: 1, column: 1 }]));
  expect(await whereIs(7)).toMatchObject([{ fn: 'f7' }]);
  end();
  expect(whereIs(1)).toBeNull();
});

test('the last to come is asked, and the one before when it has gone', async () => {
  const ends = ['a', 'b'].map((fn) => answerForThreads(() => Promise.resolve([{ fn, file: '', line: 1, column: 1 }])));
  expect(await whereIs(1)).toMatchObject([{ fn: 'b' }]);
  ends[1]!();
  expect(await whereIs(1)).toMatchObject([{ fn: 'a' }]);
  ends[0]!();
  ends[1]!();
  expect(whereIs(1)).toBeNull();
});
