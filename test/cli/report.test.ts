import { existsSync, statSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { offloop } from '../support/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'offloop-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

const block = {
  v: 1, type: 'block', pid: 7, thread: 0, start: 1000, end: 1135, ms: 135, threshold: 100, cause: 'javascript', confidence: 'exact',
  where: { fn: 'burn', file: '/app/a.ts', line: 3, column: 1 }, stack: [{ fn: 'burn', file: '/app/a.ts', line: 3, column: 1 }],
  callbacks: 1, cpu: { run: 130, runQueue: 0, gc: 0 }, samples: 3, seen: 1,
}; // prettier-ignore
const line = `${JSON.stringify(block)}\n`;
let logs = 0;
function log(text: string): string {
  const path = join(folder, `${++logs}.ndjson`);
  writeFileSync(path, text);
  return path;
}

test('a log as text', async () => {
  const { code, stdout, stderr } = await offloop(['report', log(line)]);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('1 block of the loop, 135 ms in all');
  expect(stdout).toContain('/app/a.ts:3 burn');
});

test('a log as JSON', async () => {
  const { code, stdout } = await offloop(['report', '--json', log(line)]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    v: 1,
    count: 1,
    lines: [{ where: { fn: 'burn' }, total: 135 }],
    blocks: [block],
    problems: [],
  });
});

test('a log as a page, in a file of the given name', async () => {
  const page = join(folder, 'out.html');
  expect(await offloop(['report', log(line), '--html', page])).toEqual({
    code: 0,
    stdout: `${page} is written: open it in a browser\n`,
    stderr: '',
  });
  expect(readFileSync(page, 'utf8')).toMatch(/^<!doctype html>.*burn/is);
});

describe('what cannot be used is told in one line', () => {
  test.each([
    ['empty', '', 1, /is empty: nothing has been written to it yet\n$/],
    ['no log at all', 'hello\nworld\n', 1, /2 lines are not lines of a lag log.*\n.*is not a lag log: nothing in it can be used\n$/],
    ['cut off', line + line.slice(0, 50), 0, /^The last line \(2\) is cut off/],
    ['with a foreign line', `${line}oops\n${line}`, 0, /^Line 2 is not a line of a lag log/],
    ['of a newer version', line.replace('"v":1', '"v":99'), 1, /version 99.*newer one\n$/],
  ])('a log that is %s', async (_, text, code, message) => {
    const answer = await offloop(['report', log(text)]);
    expect(answer.code).toBe(code);
    expect(answer.stderr).toMatch(message);
    expect(answer.stdout === '').toBe(code !== 0);
  });

  test('a file that is not there, a folder, no file, two files', async () => {
    expect(await offloop(['report', join(folder, 'nope')])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no such file\n'),
    });
    expect(await offloop(['report', folder])).toMatchObject({ code: 1, stderr: expect.stringContaining('is a folder') });
    expect(await offloop(['report'])).toMatchObject({ code: 2 });
    expect(await offloop(['report', 'a', 'b'])).toMatchObject({ code: 2, stderr: expect.stringContaining('too many (b)') });
  });

  test('a page that cannot be written, and two forms at once', async () => {
    const nowhere = join(folder, 'no/such/x.html');
    expect(await offloop(['report', log(line), '--html', nowhere])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`cannot write ${nowhere}`),
    });
    const written = (): number | null => (existsSync('lag.html') ? statSync('lag.html').mtimeMs : null); // one of somebody else's may be there
    const before = written();
    expect(await offloop(['report', log(line), '--html', '--json'])).toMatchObject({ code: 2 });
    expect(written()).toBe(before);
  });
});
