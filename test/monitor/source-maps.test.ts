import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { afterAll, expect, test } from 'vitest';
import { SourceMaps } from '../../src/monitor/source-maps.ts';

const folder = mkdtempSync(join(tmpdir(), 'offloop-maps-'));
afterAll(() => rmSync(folder, { recursive: true }));

const source = `// a comment
export function renderLines(rows: string[]): number {
  let total = 0;
  for (const row of rows) total += row.length;
  return total;
}
`;

function build(name: string, sourcemap: 'inline' | 'external', comment = true): string {
  const built = transformSync(source, { loader: 'ts', minify: true, sourcemap, sourcefile: 'invoice.ts' });
  const file = join(folder, name);
  writeFileSync(file, built.code + (sourcemap === 'external' && comment ? `\n//# sourceMappingURL=${name}.map\n` : ''));
  if (sourcemap === 'external') writeFileSync(`${file}.map`, built.map);
  return file;
}

const raw = (file: string) => ({ fn: 'e', file, line: 1, column: 40, declared: [1, 8] as const });

test.each(['inline', 'external'] as const)('a minified file with an %s map is shown as its source', (kind) => {
  const shown = new SourceMaps().frame(raw(build(`${kind}.js`, kind)));
  expect(shown).toMatchObject({ file: join(folder, 'invoice.ts') });
  expect(shown.line).toBeGreaterThanOrEqual(2);
  expect(shown.line).toBeLessThanOrEqual(4);
});

test('what has no map, a broken one, or is no file at all is shown as it runs', () => {
  const maps = new SourceMaps();
  const file = build('bare.js', 'external', false);
  expect(maps.frame(raw(file))).toEqual({ fn: 'e', file, line: 1, column: 40 });
  writeFileSync(join(folder, 'broken.js'), '1\n//# sourceMappingURL=data:application/json;base64,e30=\n//# sourceMappingURL=nowhere.map\n');
  expect(maps.frame(raw(join(folder, 'broken.js')))).toMatchObject({ line: 1, column: 40 });
  expect(maps.frame(raw('evalmachine'))).toMatchObject({ file: 'evalmachine' });
});

test('what the thread knows itself counts first; a nameless function is called so', () => {
  const frame = { fn: '', file: '/app/a.js', line: 1, column: 1, async: true, source: { file: 'file:///app/a.ts', line: 7, column: 2 } };
  expect(new SourceMaps().frame(frame)).toEqual({ fn: '<anonymous>', file: '/app/a.ts', line: 7, column: 2, async: true });
});
