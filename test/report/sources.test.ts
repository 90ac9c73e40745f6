import { expect, test } from 'vitest';
import { fromDisk, readSources } from '../../src/report/sources.ts';
import type { PageFrame } from '../../src/report/page-model.ts';

const text = Array.from({ length: 200 }, (_, i) => (i === 99 ? 'function burn() {' : i === 119 ? '}' : `line ${i + 1};`)).join('\n');
const at = (line: number, file = 0): PageFrame => ['burn', file, line, 1, 0];

test('the lines around, and a function that begins there to its end; near stretches in one', () => {
  const [source] = Object.values(readSources(['/app/a.ts'], [at(100), at(105), at(180)], () => text));
  expect(source!.missing).toBeNull();
  expect(source!.parts.map(({ first, lines }) => [first, first + lines.length - 1])).toEqual([
    [94, 120],
    [174, 188],
  ]);
  expect(source!.parts[0]!.lines[6]).toBe('function burn() {');
});

test('at the ends of a file there is less around', () => {
  const [source] = Object.values(readSources(['/app/a.ts'], [at(1), at(200)], () => text));
  expect(source!.parts.map(({ first, lines }) => [first, lines.length])).toEqual([
    [1, 9],
    [194, 7],
  ]);
});

test('a file that is gone, or shorter than it was, says so', () => {
  expect(readSources(['/app/a.ts'], [at(1)], () => null)[0]).toEqual({ parts: [], missing: expect.stringContaining('was not there') });
  expect(readSources(['/app/a.ts'], [at(9)], () => 'one\ntwo')[0]).toEqual({ parts: [], missing: expect.stringContaining('only 2 lines') });
});

test('what is built in has no source, and a line that is very long is cut', () => {
  expect(readSources([], [at(1, -1)], () => text)).toEqual({});
  expect(readSources(['/a.js'], [at(1)], () => 'x'.repeat(5000))[0]!.parts[0]!.lines[0]).toHaveLength(402);
});

test('from the disk, or not at all', () => {
  expect(fromDisk(import.meta.filename ?? new URL(import.meta.url).pathname)).toContain('from the disk, or not at all');
  expect(fromDisk('/nowhere/a.ts')).toBeNull();
  expect(fromDisk('webpack://x/a.ts')).toBeNull();
});
