/** docs/errors.md names every code that the library can show, and none that it cannot. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const settings = new Set(['OFFLOOP_DEBUG', 'OFFLOOP_MONITOR', 'OFFLOOP_CODE_VERSION', 'OFFLOOP_HMAC_KEY', 'OFFLOOP_REDIS_URL']); // variables of the environment, not codes

function codesIn(folder: string): string[] {
  const files = readdirSync(join(root, folder), { recursive: true }) as string[];
  return files
    .filter((f) => f.endsWith('.ts'))
    .flatMap((f) => readFileSync(join(root, folder, f), 'utf8').match(/'OFFLOOP_[A-Z_]+'/g) ?? []);
}

test('the page on errors has a heading for each code, and no other', () => {
  const codes = new Set(
    [...codesIn('src'), ...codesIn('workers')].map((quoted) => quoted.slice(1, -1)).filter((code) => !settings.has(code)),
  );
  const page = readFileSync(join(root, 'docs', 'errors.md'), 'utf8');
  const headings = [...page.matchAll(/^### (OFFLOOP_[A-Z_]+)$/gm)].map(([, code]) => code as string);
  expect(headings.length).toBeGreaterThan(15);
  expect([...headings].sort()).toEqual([...codes].sort());
});
