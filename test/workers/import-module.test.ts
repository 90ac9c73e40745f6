import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { lines, runProgram, temporaryFolder, write } from '../fixtures/far-side/harness.ts';

const folder = temporaryFolder();
write(folder, {
  'node_modules/@team/tools/package.json': '{"type":"module","exports":{"./math":"./math.js","./broken":"./broken.js"}}',
  'node_modules/@team/tools/math.js': 'export const heavy = (n) => n * 7;',
  'node_modules/@team/tools/broken.js': "import 'nobody-has-this';",
});

describe.each(lines)('what a worker of Node %s imports', (line) => {
  const load = async (url: string): Promise<unknown> => {
    const { answers } = await runProgram({ line, mode: 'built', cwd: folder, jobs: [{ load: url }] });
    return answers[0]!.value ?? answers[0]!.error!.message;
  };

  it('may be a package of the program, a module of Node or text', async () => {
    const jobs = ['@team/tools/math', 'node:path', 'data:text/javascript,export const a = 1'].map((url) => ({ load: url }));
    const { answers } = await runProgram({ line, mode: 'built', cwd: folder, jobs });
    expect(answers.map(({ value }) => value)).toEqual([['heavy'], expect.arrayContaining(['join']), ['a']]);
  });

  it('may be missing, in various ways', async () => {
    expect(await load('nobody-has-this')).toBe(
      "Cannot load nobody-has-this: there is no package 'nobody-has-this'; for a file write new URL('./nobody-has-this', import.meta.url)",
    );
    expect(await load('@team/tools/broken')).toMatch(/^Cannot load @team\/tools\/broken: Cannot find package 'nobody-has-this'/);
    expect(await load(pathToFileURL(join(folder, 'gone.ts')).href)).toMatch(/gone\.ts: there is no such file$/);
  });
});
