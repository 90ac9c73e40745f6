import { expect, test } from 'vitest';
import { causes, confidences } from '../../src/report/causes.ts';

test('each cause has a name of its own, says what it means and what helps', () => {
  const words = Object.values(causes);
  expect(words).toHaveLength(9);
  expect(new Set(words.map(({ label }) => label)).size).toBe(9);
  for (const { means, helps } of words) for (const text of [means, helps]) expect(text).toMatch(/^[A-Z].*\.$/);
});

test('each confidence is a sentence', () => {
  expect(Object.keys(confidences)).toEqual(['exact', 'function', 'near', 'task-only', 'none']);
});
