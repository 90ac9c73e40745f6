import { expect, test } from 'vitest';
import { inForeground } from '../../src/cli/run-program.ts';

test('a process is in the foreground when its group is that of the terminal', () => {
  expect(inForeground('12 (node) S 1 12 12 34816 12 4194304')).toBe(true);
  expect(inForeground('12 (node) S 1 12 12 34816 99 4194304')).toBe(false);
  expect(inForeground('12 (node) S 1 12 12 0 -1 4194304')).toBe(false);
});

test('a name with brackets and spaces in it does not confuse that', () => {
  expect(inForeground('12 (a) S 1 9 (b) S 1 12 12 34816 12 4194304')).toBe(true);
});
