import { describe, expect, it } from 'vitest';
import { everywhere, runProgram, temporaryFolder, write } from '../fixtures/far-side/harness.ts';

const files = write(temporaryFolder(), {
  'heavy.js': 'export const heavy = (n) => n * 7;',
  'heavy.ts': 'export const heavy = (n: number): number => n * 7;',
  'heavy.cjs': 'module.exports = (n) => n * 7;',
  'named.cjs': 'exports.heavy = (n) => n * 7;',
  'enum.ts': 'enum E { seven = 7 }\nexport const heavy = (n: number): number => n * E.seven;',
  'dep.ts': 'export const seven: number = 7;',
  'guess.ts': "import { seven } from './dep';\nexport const heavy = (n: number): number => n * seven;",
  'js-for-ts.ts': "import { seven } from './dep.js';\nexport const heavy = (n: number): number => n * seven;",
  'below/guess.ts': "import { seven } from '../dep';\nexport const alias: number = seven;",
  'deep.ts': "import { alias } from './below/guess.ts';\nexport const heavy = (n: number): number => n * alias;",
  'view.tsx': 'export const heavy = (n: number): number => n * 7;',
  'old.cts': 'exports.heavy = (n: number): number => n * 7;',
});

describe.each(everywhere)('on Node %s, %s', (line, mode) => {
  it('modules of every kind are found', async () => {
    const of = (name: keyof typeof files, exported = 'heavy') => ({ find: { module: files[name], export: exported }, args: [6] });
    const { answers } = await runProgram({
      line,
      mode,
      fresh: true,
      jobs: [
        of('heavy.js'), of('heavy.ts'), of('heavy.cjs', 'default'), of('named.cjs'), of('enum.ts'), of('guess.ts'), of('js-for-ts.ts'),
        of('deep.ts'), of('view.tsx'), of('old.cts')
      ], // prettier-ignore
    });
    expect(answers.map(({ value, ...rest }) => value ?? rest)).toEqual(Array.from({ length: 10 }, () => 42));
  });
});
