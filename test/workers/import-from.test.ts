import { join } from 'node:path';
import { expect, it } from 'vitest';
import { importFrom } from '../../workers/import-from.ts';
import { repository, temporaryFolder, write } from '../fixtures/far-side/harness.ts';

const folder = temporaryFolder();
write(folder, {
  'node_modules/for-import-only/package.json': '{"type":"module","exports":{"import":"./x.js"}}',
  'node_modules/for-import-only/x.js': 'export const x = 42;',
  'data.json': '{"x":42}',
});

it('finds what a file in that folder would find, also packages that cannot be required', async () => {
  expect(await importFrom(folder)('for-import-only')).toMatchObject({ x: 42 });
  await expect(importFrom(repository)('for-import-only')).rejects.toMatchObject({ code: 'ERR_MODULE_NOT_FOUND' });
});

it('passes import attributes on', async () => {
  expect(await importFrom(folder)('./data.json', { with: { type: 'json' } })).toMatchObject({ default: { x: 42 } });
});

it('makes one importer per folder', () => {
  expect(importFrom(folder)).toBe(importFrom(folder));
  expect(importFrom(folder)).not.toBe(importFrom(join(folder, 'below')));
});
