import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { lines, repository, runProgram, temporaryFolder, write } from '../fixtures/far-side/harness.ts';

/** In a worker of its own, so that the test runner itself is not sent through tsx. */
const program = (body: string): string => `
  import { report } from ${JSON.stringify(join(repository, 'test/fixtures/far-side/farm.mjs'))};
  const { startTsx, tsxRuns } = await import(new URL('workers/tsx' + process.env.OFFLOOP_EXT, process.env.OFFLOOP_TREE).href);
  const here = (name) => new URL(name, import.meta.url).href;
  report(await (async () => { ${body} })());`;
const folder = temporaryFolder();
write(folder, {
  'enum.ts': 'enum E { x = 42 }\nexport const x: number = E.x;',
  'start.mjs': program(
    "const before = tsxRuns(); await startTsx(here('x.ts')); return [before, tsxRuns(), (await import('./enum.ts')).x];",
  ),
  'afresh.mjs': program(`
    const tsx = await startTsx(here('x.ts'));
    const [first, again] = [await import('./enum.ts'), (await tsx.importAfresh(here('./enum.ts'))).namespace];
    return [first.x, again.x, first === again];`),
  'none.mjs': program("const tsx = await startTsx(here('x.ts')); return [tsx === undefined, tsxRuns()];"),
});

it.each(lines)('everything imported afterwards goes through tsx, on Node %s', async (line) => {
  const { answers } = await runProgram({ line, mode: 'built', file: join(folder, 'start.mjs') });
  expect(answers).toEqual([false, true, 42]);
});

it.each(lines)('a graph can be loaded a second time, on Node %s', async (line) => {
  const { answers } = await runProgram({ line, mode: 'built', file: join(folder, 'afresh.mjs') });
  expect(answers).toEqual([42, 42, false]);
});

it('tsx of the user is preferred to any other', async () => {
  const theirs = temporaryFolder();
  const api = 'export function register() { globalThis.theirs = true; }';
  write(theirs, {
    'node_modules/tsx/package.json': '{"type":"module","exports":{"./esm/api":"./api.js","./cjs/api":"./api.js"}}',
    'node_modules/tsx/api.js': api,
    'start.mjs': program("await startTsx(here('x.ts')); return [globalThis.theirs];"),
  });
  const { answers } = await runProgram({ line: lines[0]!, mode: 'built', file: join(theirs, 'start.mjs') });
  expect(answers).toEqual([true]);
  expect(pathToFileURL(theirs).href).toContain('offloop');
});
