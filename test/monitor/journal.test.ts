import { expect, test } from 'vitest';
import { Journal } from '../../src/monitor/journal.ts';

test('lines come back with their ends, the start first', () => {
  const journal = new Journal();
  journal.add('figures', 'f1');
  journal.add('blocks', 'b1');
  journal.add('start', 's');
  journal.add('blocks', 'b2');
  expect(journal.text).toBe('s\nb1\nb2\nf1\n');
  expect(new Journal().text).toBe('');
});

test('the latest blocks are kept, and the start of the run with them', () => {
  const journal = new Journal();
  journal.add('start', 'start');
  for (let i = 0; i < 5000; i++) journal.add('blocks', `block ${i}`);
  const lines = journal.text.trim().split('\n');
  expect(lines).toHaveLength(2001);
  expect([lines[0], lines[1], lines.at(-1)]).toEqual(['start', 'block 3000', 'block 4999']);
});

test('memory is bounded however long the lines are; one line is always kept', () => {
  const journal = new Journal();
  for (let i = 0; i < 500; i++) journal.add('blocks', `${i} ${'x'.repeat(100_000)}`);
  expect(journal.text.length).toBeLessThan(4.2 * 2 ** 20);
  journal.add('blocks', 'y'.repeat(10 * 2 ** 20));
  expect(journal.text).toBe(`${'y'.repeat(10 * 2 ** 20)}\n`);
});
