/** What the README shows of the lag monitor is what its example prints: three culprits, each by line, task and call. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'offloop-culprits-'));
const page = join(folder, 'lag.html');
let printed = { stdout: '', stderr: '' };

beforeAll(async () => {
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(?:NODE_OPTIONS|OFFLOOP_)/.test(key)));
  const program = ['--import', 'tsx', 'examples/culprits/main.ts', page];
  printed = await promisify(execFile)(process.execPath, program, { cwd: root, env });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const culprits = [
  ['preview of comment 17', 'return comment.replace(', 'tidy in String.replace'],
  ['sign up ada', 'return scryptSync(', 'hashPassword in crypto.scryptSync'],
  ['nightly export', 'return JSON.stringify(', 'exportOrders in JSON.stringify'],
] as const;

/** `examples/culprits/jobs.ts:5` for the line that contains a text. */
function placeOf(text: string): string {
  const file = 'examples/culprits/jobs.ts';
  const line = readFileSync(join(root, file), 'utf8').split('\n').findIndex((line) => line.includes(text)) + 1; // prettier-ignore
  return `${file}:${line}`;
}

test.each(culprits)('"%s" is found, with the line and the call', (task, source, where) => {
  const report = printed.stderr.split(/^offloop: /m).find((text) => text.startsWith('Executing') && text.includes(`"${task}"`));
  expect(report).toContain(`blocked at ${placeOf(source)}:`);
  // A machine without a free core may not let the thread answer in time: then it says `near`, and names no call.
  if (report!.includes(', exact)')) expect(report).toContain(where);
});

test('nobody else is blamed, and the page is where it says', () => {
  const places = [...printed.stderr.matchAll(/blocked at (\S+):\d+ /g)].map(([, place]) => place);
  expect(culprits.map(([, source]) => placeOf(source))).toEqual(expect.arrayContaining([...new Set(places)]));
  expect(printed.stdout).toBe(`the page: ${page}\n`);
  expect(readFileSync(page, 'utf8')).toContain('hashPassword');
});

test('the README shows one of these blocks', () => {
  const shown = /^offloop: Executing[^`]*/m.exec(readFileSync(join(root, 'README.md'), 'utf8'))![0];
  const [place] = /blocked at \S+:\d+ /.exec(shown)!;
  expect(culprits.map(([, source]) => `blocked at ${placeOf(source)}`)).toContainEqual(place.replace(/:\d+ $/, ''));
  const [, task] = /"(.*)"/.exec(shown)!;
  expect(printed.stderr).toContain(`"${task}"`);
  expect(printed.stderr).toContain(/^ {4}< .*$/m.exec(shown)![0]);
});
