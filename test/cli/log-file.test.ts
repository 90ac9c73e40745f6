import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readChunks } from '../../src/cli/log-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'offloop-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a file comes in pieces, all of it', () => {
  const path = join(folder, 'a');
  const text = 'äöü'.repeat(700_000);
  writeFileSync(path, text);
  const pieces = [...readChunks(path)];
  expect(pieces.length).toBeGreaterThan(1);
  expect(Buffer.concat(pieces).toString() === text).toBe(true);
});

test('an empty file has no pieces', () => {
  writeFileSync(join(folder, 'empty'), '');
  expect([...readChunks(join(folder, 'empty'))]).toEqual([]);
});

test('a file that is not there and a folder are told in one line', () => {
  expect(() => [...readChunks(join(folder, 'nope'))]).toThrow(`cannot read ${join(folder, 'nope')}: there is no such file`);
  expect(() => [...readChunks(folder)]).toThrow(`${folder} is a folder; give the log in it`);
});
