import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { build, everywhere, lines, repository, runProgram, temporaryFolder, write } from '../fixtures/far-side/harness.ts';
import type { Answer, Job } from '../fixtures/far-side/harness.ts';

let withoutTsx: Promise<string> | undefined;
const folder = temporaryFolder();
const seven = 'export const heavy = (n: number): number => n * 7;';
const files = write(folder, {
  'heavy.js': 'export const heavy = (n) => n * 7;',
  'heavy.ts': seven,
  'heavy.cjs': 'module.exports = (n) => n * 7;',
  'named.cjs': 'exports.heavy = (n) => n * 7; exports.other = () => {};',
  'hidden.cjs': "const all = { ['hea' + 'vy']: (n) => n * 7 }; for (const key in all) module.exports[key] = all[key];",
  'transpiled.cjs': 'exports.__esModule = true; exports.default = (n) => n * 7;',
  'promise.js': 'export const heavy = Promise.resolve((n) => n * 7);',
  'then.js': 'export const heavy = (n) => n * 7; export function then() { throw new Error("I am no promise"); }',
  'offloaded.js': "export const heavy = Object.assign(() => { throw new Error('submitted again'); }, { local: (n) => n * 7, module: 'x', export: '#0' });",
  'enum.ts': 'enum E { seven = 7 }\nexport const heavy = (n: number): number => n * E.seven;',
  'dep.ts': 'export const seven: number = 7;\nexport interface Shape { a: 1 }',
  'guess.ts': "import { seven } from './dep';\nexport const heavy = (n: number): number => n * seven;",
  'js-for-ts.ts': "import { seven } from './dep.js';\nexport const heavy = (n: number): number => n * seven;",
  'type.ts': "import { Shape, seven } from './dep.ts';\nexport const heavy = (n: number, _s?: Shape): number => n * seven;",
  'above.js': "import { seven } from './dep.ts';\nexport const heavy = (n) => n * seven;",
  'below/guess.ts': "import { seven } from '../dep';\nexport const alias: number = seven;",
  'deep.ts': "import { alias } from './below/guess.ts';\nexport const heavy = (n: number): number => n * alias;",
  'view.tsx': seven,
  'common/package.json': '{}',
  'common/dep.ts': 'export const seven: number = 7;',
  'common/heavy.ts': "import { seven } from './dep';\nimport { basename } from 'node:path';\nexport const heavy = (n: number): number => n * seven * (basename(__dirname) === 'common' ? 1 : 0);",
  'old.cts': 'exports.heavy = (n: number): number => n * 7;',
  'only-ts.ts': seven,
  'only.js': 'export const heavy = (n) => n * 7;',
  'throws.js': 'globalThis.evaluations = (globalThis.evaluations ?? 0) + 1; throw new RangeError("no licence");',
  'later.js': "globalThis.evaluations = (globalThis.evaluations ?? 0) + 1; await import('./nowhere.js');",
  'broken.js': 'export const heavy = (n) => { return n * ; }',
  'broken.ts': 'export const heavy = (n: number) => { return n * ; }',
  'needs.js': "import 'a-package-nobody-has'; export const heavy = 1;",
  'exits.js': 'process.exit(7);',
  'rejects.js': 'export const heavy = Promise.reject(new Error("no wasm"));',
}); // prettier-ignore

const of = (name: keyof typeof files, exported = 'heavy'): Job => ({ find: { module: files[name], export: exported }, args: [6] });
const twin = (name: string, exported: string): Job => ({
  find: { module: pathToFileURL(join(folder, name)).href, export: exported },
  args: [6],
});
const values = (answers: Answer[]): unknown[] => answers.map(({ value, ...rest }) => value ?? rest);
const fortyTwo = (count: number): number[] => Array.from({ length: count }, () => 42);

describe.each(everywhere)('on Node %s, %s', (line, mode) => {
  it('finds functions in modules of every kind, and in the twin of a file that is not there', async () => {
    const jobs = [
      of('heavy.js'), of('heavy.ts'), of('heavy.cjs', 'default'), of('named.cjs'), of('hidden.cjs'), of('transpiled.cjs', 'default'),
      of('promise.js'), of('offloaded.js'), of('view.tsx'), of('old.cts'), twin('only.ts', 'heavy'), twin('only-ts.js', 'heavy'),
    ]; // prettier-ignore
    const { answers } = await runProgram({ line, mode, jobs });
    expect(values(answers)).toEqual(fortyTwo(jobs.length));
  });

  it('runs TypeScript that Node cannot run by itself', async () => {
    const jobs = [of('enum.ts'), of('guess.ts'), of('js-for-ts.ts'), of('type.ts'), of('deep.ts'), of('above.js')];
    const { answers } = await runProgram({ line, mode, jobs, fresh: mode !== 'tsx' && line !== '20' });
    expect(values(answers)).toEqual(fortyTwo(jobs.length));
  });
});

describe.each(lines)('under tsx on Node %s', (line) => {
  it('modules follow the rules of the program: one in a CommonJS package has __dirname', async () => {
    const { answers } = await runProgram({ line, mode: 'tsx', jobs: [of('common/heavy.ts')] });
    expect(values(answers)).toEqual([42]);
  });

  it('the tsx that runs the program is found also where the program has none, as for npx', async () => {
    const elsewhere = await (withoutTsx ??= build({ tsx: false }));
    const flags = ['--import', pathToFileURL(join(repository, 'node_modules/tsx/dist/loader.mjs')).href];
    const { answers } = await runProgram({ line, mode: 'built', tree: elsewhere, cwd: elsewhere, flags, jobs: [of('enum.ts')] });
    expect(values(answers)).toEqual([42]);
  });

  it('this makes no difference: whether it is asked for by --import, by NODE_OPTIONS or by its own command', async () => {
    const jobs = [of('enum.ts'), of('common/heavy.ts')];
    const loader = pathToFileURL(join(repository, 'node_modules/tsx/dist/loader.mjs')).href;
    const byOptions = await runProgram({ line, mode: 'built', jobs, env: { NODE_OPTIONS: `--import ${loader}` } });
    const preflight = join(repository, 'node_modules/tsx/dist/preflight.cjs');
    const byCommand = await runProgram({ line, mode: 'tsx', jobs, flags: ['--require', preflight] });
    expect([values(byOptions.answers), values(byCommand.answers)]).toEqual([fortyTwo(2), fortyTwo(2)]);
  });
});

describe.each(lines)('a module that cannot be loaded, on Node %s', (line) => {
  const failure = (reason: RegExp): unknown =>
    expect.objectContaining({
      error: expect.objectContaining({ name: 'LoadFailure', why: 'load-failed', message: expect.stringMatching(reason) }),
    });

  it('fails with the reason, is evaluated once, and leaves the worker alive', async () => {
    const jobs = [of('throws.js'), of('throws.js'), of('heavy.js')];
    const { answers } = await runProgram({ line, mode: 'built', jobs });
    const failed = failure(/^Cannot load file:.*throws\.js: no licence$/);
    expect(answers).toEqual([failed, failed, expect.objectContaining({ value: 42 })]);
    expect(answers.map(({ evaluations }) => evaluations)).toEqual([1, 1, undefined]);
  });

  it('is not evaluated twice by the attempt to load it with tsx', async () => {
    const { answers } = await runProgram({ line, mode: 'built', jobs: [of('later.js')] });
    expect(answers[0]!.evaluations).toBe(1);
  });

  it('names a syntax error, a missing package, a missing file and a rejected export', async () => {
    const jobs = [
      of('broken.js'),
      of('broken.ts'),
      of('needs.js'),
      { load: pathToFileURL(join(folder, 'gone.js')).href },
      of('rejects.js'),
    ];
    const { answers } = await runProgram({ line, mode: 'built', jobs });
    expect(answers).toEqual([
      failure(/Unexpected token/),
      failure(/Unexpected ";"/),
      failure(/a-package-nobody-has/),
      failure(/gone\.js: there is no such file/),
      failure(/no wasm/),
    ]);
  });

  it('may end the worker', async () => {
    const { answers } = await runProgram({ line, mode: 'built', jobs: [of('exits.js')] });
    expect(answers).toEqual([{ died: expect.stringContaining('code: 7') }]);
  });

  it('says what to do when tsx is needed and not installed', async () => {
    const elsewhere = await (withoutTsx ??= build({ tsx: false }));
    const jobs = [of('heavy.ts'), of('enum.ts'), of('guess.ts'), of('view.tsx')];
    const { answers } = await runProgram({ line, mode: 'built', tree: elsewhere, cwd: elsewhere, fresh: true, jobs });
    const [plain, ...others] = answers as [Answer, ...Answer[]];
    const stripped = line === '20' ? /install tsx, use Node >= 22\.18, or point to the compiled \.js/ : /^42$/;
    expect(String(plain.error?.message ?? plain.value)).toMatch(stripped);
    for (const answer of others) expect(answer).toEqual(failure(/install tsx, .*or point to the compiled \.js/));
  });
});

describe('a function that is not there', () => {
  const line = lines[0]!;

  it('is answered with the file, the name and what there is instead; the worker goes on', async () => {
    const { answers } = await runProgram({ line, mode: 'built', jobs: [of('named.cjs', 'hevy'), of('heavy.js', '#0'), of('heavy.js')] });
    expect(answers[0]!.error).toMatchObject({
      name: 'FunctionNotFoundError',
      code: 'OFFLOOP_FUNCTION_NOT_FOUND',
      message: `${files['named.cjs']} has no export 'hevy', and offloads no function of that name at its top level; its functions are heavy, other`,
    });
    expect(answers[1]!.error!.message).toMatch(
      /has no offloaded function #0 in a worker.*at the top level.*make the module of the functions an entry of the bundle/,
    );
    expect(answers[2]!.value).toBe(42);
  });

  it('a module may export a function named then', async () => {
    const { answers } = await runProgram({ line, mode: 'built', jobs: [of('then.js')] });
    expect(values(answers)).toEqual([42]);
  });

  it('a value that is no function is not called', async () => {
    const { answers } = await runProgram({ line, mode: 'built', jobs: [of('dep.ts', 'seven')] });
    expect(answers[0]!.error!.message).toMatch(/exports no function 'seven'; it has no functions/);
  });
});

/** The program defines, runs and goes on after `run`; in a worker it may do the first only. */
const program = (define: string, end: string): string => `
  import { farm, report } from ${JSON.stringify(join(repository, 'test/fixtures/far-side/farm.mjs'))};
  const use = (path) => import(new URL(path + process.env.OFFLOOP_EXT, process.env.OFFLOOP_TREE).href);
  const { register } = await use('src/executors/registry');
  const { run } = await use('src/core/run');
  ${define}
  const main = async () => report(await farm([{ find: square, args: [6] }]));
  ${end}
  console.log('AFTER RUN');
`;
const square = 'export const square = register(import.meta, (n) => n * n);';
const programs = write(temporaryFolder(), {
  'awaits.mjs': program(square, 'await run(main);'),
  'awaits.ts': program(square.replace('(n)', '(n: number)'), 'await run(main);'),
  'exits.mjs': program(square, "await run(main).then(() => { console.log('AFTER RUN'); process.exit(3); });"),
  'does-not-wait.mjs': program(square, 'void run(main).then(() => { console.log("AFTER RUN"); process.exit(3); });').replace(
    /console.log[^;]*;\s*$/,
    '',
  ),
  'too-late.mjs': program(
    'const square = { module: import.meta.url, export: "#0" };',
    'await run(main); register(import.meta, (n) => n * n);',
  ),
  'cycle.mjs': `
    import { config } from './functions.mjs';
    ${program('export const size = 6; const square = config.address;', 'await run(main);')}`
    .replace('const square = config.address;', '')
    .replace('find: square', 'find: config.address'),
  'functions.mjs': `
    import { size } from './cycle.mjs';
    const use = (path) => import(new URL(path + process.env.OFFLOOP_EXT, process.env.OFFLOOP_TREE).href);
    export const config = { address: { module: import.meta.url, export: '#0' } };
    const { register } = await use('src/executors/registry');
    register(import.meta, (n) => n * size);`,
});

describe.each(everywhere)('a program of one file, on Node %s, %s', (line, mode) => {
  // What is not a matter of the line is tried on one.
  const names = [
    mode === 'built' ? 'awaits.mjs' : 'awaits.ts',
    ...(line === lines[0] ? (['exits.mjs', 'does-not-wait.mjs'] as const) : []),
  ] as const;

  it.each(names)('%s: its functions are found, and neither main nor what follows is executed in the worker', async (name) => {
    const { answers, stdout } = await runProgram({ line, mode, file: fileURLToPath(programs[name]) });
    expect(answers).toEqual([{ value: 36, warnings: [] }]);
    expect(stdout.match(/RESULT|AFTER RUN/g)).toEqual(['RESULT', 'AFTER RUN']);
  });
});

describe('when run() is reached before the function is defined', () => {
  it.each(['too-late.mjs', 'cycle.mjs'] as const)('%s: there is an answer, not a hang', async (name) => {
    const { answers } = await runProgram({ line: lines[0]!, mode: 'built', file: fileURLToPath(programs[name]) });
    expect(answers[0]!.error).toMatchObject({
      name: 'FunctionNotFoundError',
      message: expect.stringMatching(
        /before its offloaded function #0 was there.*inside the function given to run\(\).*or in a module of their own/,
      ),
    });
  });
});

describe('under vitest', () => {
  beforeEach(() => {
    vi.stubEnv('OFFLOOP_TREE', pathToFileURL(repository).href);
    vi.stubEnv('OFFLOOP_EXT', '.ts');
  });

  it('workers start from source and load TypeScript', async () => {
    const path: string = '../fixtures/far-side/farm.mjs';
    const { farm } = (await import(path)) as { farm: (jobs: Job[]) => Promise<Answer[]> };
    const jobs = [of('heavy.ts'), of('enum.ts'), of('deep.ts')];
    expect(values((await Promise.all(jobs.map((job) => farm([job])))).flat())).toEqual(fortyTwo(3));
  });
});
