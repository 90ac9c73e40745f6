import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { FunctionLines, lastLineOf } from '../../src/monitor/function-lines.ts';

const source = `function one() { return 1; }
function two() {
  const text = '}' + "}" + \`}\`; // }
  if (text) {
    return 2; /* }
    } */
  }
}
function open() {`;

test.each([
  [1, 1],
  [2, 8],
  [9, null],
])('the function in line %d ends in line %s', (first, last) => {
  expect(lastLineOf(source, first)).toBe(last);
});

test('what a function calls by its own name is not its head', () => {
  const folder = mkdtempSync(join(tmpdir(), 'offloop-lines-'));
  const file = join(folder, 'a.js');
  writeFileSync(file, 'function decode(bytes) {\n  const decoder = new TextDecoder();\n  return decoder.decode(bytes);\n}\n');
  expect(new FunctionLines().find(file, 1, 'decode')).toBe(3);
  rmSync(folder, { recursive: true });
});

test('a loop opens in a line or is all in it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'offloop-lines-'));
  const file = join(folder, 'a.js');
  const [open, whole] = [
    ['for (const x of y) {', '  outer: while (f(a)) { // {', 'do {', 'for (;;) { /* on */', 'for await (const x of y)', 'for (', 'do'],
    ['for (;;) x++;', 'for (const x of y) total += f(x)', 'while (a) { x++; }', 'forget({', 'const text = "for {"', '// for (;;) {', ''],
  ];
  writeFileSync(file, [...open, ...whole].join('\n'));
  const lines = new FunctionLines();
  expect([...open, ...whole].map((_, i) => lines.opensLoop(file, i + 1))).toEqual([...open.map(() => true), ...whole.map(() => false)]);
  expect([lines.opensLoop(file, 99), lines.opensLoop('/nowhere.js', 1)]).toEqual([false, false]);
  rmSync(folder, { recursive: true });
});

test('a line belongs to the function or does not; of what cannot be read, none does', () => {
  const folder = mkdtempSync(join(tmpdir(), 'offloop-lines-'));
  const file = join(folder, 'a.js');
  writeFileSync(file, source);
  const lines = new FunctionLines();
  expect([1, 2, 8, 9].map((line) => lines.contains(pathToFileURL(file).href, 2, line))).toEqual([false, true, true, false]);
  expect([lines.find(file, 2, 'Object.text'), lines.find(file, 2, 'two'), lines.find(file, 2, 'open'), lines.find(file, 2, '')]).toEqual([
    3,
    2,
    null,
    null,
  ]);
  rmSync(folder, { recursive: true });
  expect(lines.contains(file, 2, 8)).toBe(true); // read once
  expect(lines.contains('/nowhere.js', 1, 1)).toBe(false);
});
