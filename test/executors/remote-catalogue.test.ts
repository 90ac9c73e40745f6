import { afterAll, expect, it } from 'vitest';
import { ThreadPoolExecutor } from '../../src/index.ts';
import { Catalogue } from '../../src/executors/remote-catalogue.ts';
import { moduleId } from '../../src/executors/remote-identity.ts';
import { failure } from '../support/virtual.ts';

const threads = new ThreadPoolExecutor({ max: 1 });
afterAll(() => threads.shutdown());
const jobs = new URL('../fixtures/remote/jobs.ts', import.meta.url);
const plain = new URL('../fixtures/jobs/plain.ts', import.meta.url);

it('knows the offloaded functions of its modules, under names that other machines use', async () => {
  const catalogue = new Catalogue({ version: '7', moduleId });
  await catalogue.load(threads, [jobs]);
  expect(catalogue.ids).toContain('offloop/test/fixtures/remote/jobs#add@7');
  expect(await threads.submit(catalogue.get('offloop/test/fixtures/remote/jobs#add@7')!.fn as () => unknown, [1, 2] as never)).toBe(3);
  expect(catalogue.get('offloop/test/fixtures/remote/jobs#add@8')).toBe(undefined);
});

it('says of an unknown function what is there, and when only the version is another', async () => {
  const catalogue = new Catalogue({ version: '7', moduleId });
  await catalogue.load(threads, [jobs]);
  expect(catalogue.unknown('offloop/test/fixtures/remote/jobs#add@8').message).toContain('#add@7: the code is of another version');
  expect(catalogue.unknown('other#x@1').message).toContain('it has offloop/test/fixtures/remote/jobs#add@7');
});

it('refuses a module that offers nothing, one that does not load, and two that offer the same', async () => {
  const load = (modules: (string | URL)[], id = moduleId): Promise<unknown> =>
    failure(new Catalogue({ version: '7', moduleId: id }).load(threads, modules));
  expect(await load([plain])).toMatchObject({ code: 'OFFLOOP_FUNCTION_NOT_FOUND', message: expect.stringContaining('offers no function') });
  expect(await load([new URL('./none.ts', import.meta.url)])).toMatchObject({ message: expect.stringContaining('none.ts') });
  expect(await load([new URL('../fixtures/jobs/basic.ts', import.meta.url), jobs], () => 'same')).toMatchObject({
    message: expect.stringContaining("both offer 'same#add@7'"),
  });
});
