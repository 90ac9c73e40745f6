import { expect, test } from 'vitest';
import { columns, cut } from '../../src/cli/columns.ts';

test('columns are as wide as their widest cell, numbers to the right, nothing trails', () => {
  const rows = [
    ['ID', 'NAME', 'X'],
    ['1', 'a', ''],
    ['10', 'longer', 'y'],
  ];
  expect(columns(rows, new Set([0]))).toEqual(['ID   NAME     X', ' 1   a', '10   longer   y']);
});

test('colours take no room', () => {
  expect(
    columns([
      ['\x1b[1mab\x1b[22m', 'x'],
      ['abc', 'y'],
    ]),
  ).toEqual(['\x1b[1mab\x1b[22m    x', 'abc   y']);
});

test('a line is cut to the width that is there, and its colours end with it', () => {
  expect(cut('abcdef', 6)).toBe('abcdef');
  expect(cut('abcdef', 3)).toBe('abc');
  expect(cut('a\x1b[31mbcdef\x1b[39m', 3)).toBe('a\x1b[31mbc\x1b[39m');
});
