import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { bootstrapArgv } from '../../src/base/worker-file.ts';
import { tsxHints, workerExecArgv, workerHints } from '../../src/executors/worker-flags.ts';
import { enterWorker } from '../../src/executors/worker-state.ts';
import { lines, repository, runProgram, temporaryFolder, write } from '../fixtures/far-side/harness.ts';

const boot = bootstrapArgv();
const inheriting = (...inherited: string[]): string[] => workerExecArgv(undefined, { inherited }).slice(0, -boot.length || undefined);
const loader = pathToFileURL(join(repository, 'node_modules/tsx/dist/loader.mjs')).href;

describe('a worker inherits', () => {
  it.each([
    ['nothing from nothing', '', ''],
    ['what concerns modules, as written', '--import ./a.mjs --import=b -r c --require=d --conditions dev -C x', '--import ./a.mjs --import=b -r c --require=d --conditions dev -C x'],
    ['warnings and experiments', '--no-warnings --experimental-vm-modules --enable-source-maps', '--no-warnings --experimental-vm-modules --enable-source-maps'],
    ['not what the program is', '--input-type=module -e 1 --eval 2 -p 3 --print 4 -pe 5 --check -c -i --interactive', ''],
    ['no test runner and no watcher', '--test --test-only --test-reporter spec --test-name-pattern=x --experimental-test-coverage --watch --watch-path=./src', ''],
    ['no debugger', '--inspect --inspect=127.0.0.1:9229 --inspect-brk=0 --inspect-wait --inspect-port 1234 --debug-port=1 --no-warnings', '--no-warnings'],
    ['not what has been read', '--env-file=.env --env-file-if-exists x', ''],
    ['no tsx, however it was asked for', `--import tsx --import=${loader} -r tsx/cjs --require /x/tsx/dist/preflight.cjs --import tsx/esm --loader tsx --import file:///p/.pnpm/tsx@4/node_modules/tsx/dist/loader.mjs`, ''],
    ['but what only sounds like it', '--import ./tsx.mjs --import my-tsx --import ./src/tsx-setup.ts --conditions tsx', '--import ./tsx.mjs --import my-tsx --import ./src/tsx-setup.ts --conditions tsx'],
    ['nothing of vitest', '--require /x/node_modules/vitest/suppress-warnings.cjs --conditions node', '--conditions node'],
    ['no options of V8, in any spelling', '--max-old-space-size=100 --max_old_space_size=100 --expose-gc --expose_gc --stack-trace-limit=5 --jitless --no-warnings', '--no-warnings'],
    ['no options of the process', '--title=x --secure-heap=2 --use-openssl-ca --abort-on-uncaught-exception --no-warnings', '--no-warnings'],
    ['no option that Node does not know', '--made-up --no-warnings', '--no-warnings'],
  ])('%s', (_what, from, to) => {
    expect(inheriting(...from.split(' ').filter(Boolean))).toEqual(to.split(' ').filter(Boolean));
  }); // prettier-ignore

  it('the permission model', () => {
    const flag = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
    const permission = [flag, '--allow-worker', '--allow-fs-read=*'];
    expect(inheriting(...permission, '--title=x')).toEqual(permission);
    expect(workerExecArgv(['--no-warnings'], { inherited: ['--trace-exit', ...permission] })).toEqual([
      ...permission,
      '--no-warnings',
      ...boot,
    ]);
    expect(workerExecArgv(['--allow-wasi'], { inherited: permission })).toEqual([...permission, '--allow-wasi', ...boot]);
    expect(workerExecArgv([flag], { inherited: permission })).toEqual([flag, ...boot]);
  });

  it('only flags with which it starts: no flag of this Node is refused', async () => {
    const valued = new Set(['--import', '--require', '-r', '--loader', '--experimental-loader', '--conditions', '-C']);
    const all = [...process.allowedNodeEnvironmentFlags].filter(
      (flag) => !valued.has(flag) && !/permission|^--(?:no-)?allow-|^--trace/.test(flag),
    );
    const kept = inheriting(...all);
    const start = (): Worker => new Worker('', { eval: true, execArgv: kept, stderr: true });
    expect(kept.length).toBeGreaterThan(50);
    expect(start).not.toThrow();
    await start().terminate();
  });

  it('in a process of its own, also the options of V8', () => {
    const inherited = ['--max-old-space-size=100', '--inspect-brk', '--title=x'];
    expect(workerExecArgv(undefined, { kind: 'process', inherited })).toEqual(['--max-old-space-size=100', '--title=x', ...boot]);
  });
});

describe("a user's own execArgv", () => {
  it('replaces what would be inherited', () => {
    expect(workerExecArgv(['--stack-trace-limit=1'], { inherited: ['--no-warnings'] })).toEqual(['--stack-trace-limit=1', ...boot]);
  });

  it.each([
    ['--no-warnings', 'Expected execArgv to be an array of strings'],
    [['--no-warnings', 5], 'Expected execArgv[1] to be a string, got 5 (number)'],
  ])('must be an array of strings (%#)', (own, message) => {
    expect(() => workerExecArgv(own as string[])).toThrow(message);
  });
});

describe('a worker is told', () => {
  afterEach(() => void Reflect.deleteProperty(globalThis, Symbol.for('offloop.worker.v1')));

  it.each([
    [['--import', 'tsx'], '', { tsx: true, tsxFrom: undefined }],
    [['--require', '/x/tsx/dist/preflight.cjs', '--import', loader], '', { tsx: true, tsxFrom: '/x/tsx/dist' }],
    [[], `--no-warnings --import ${loader}`, { tsx: true, tsxFrom: join(repository, 'node_modules/tsx/dist') }],
    [['--import', './tsx.mjs'], '--conditions tsx', { tsx: false, tsxFrom: undefined }],
  ])('whether the program runs under tsx (%#)', (execArgv, nodeOptions, expected) => {
    expect(tsxHints(execArgv, nodeOptions)).toEqual(expected);
  });

  it('the real path of the program, and in a nested pool the same', () => {
    expect(workerHints()).toEqual({ mainFile: expect.stringContaining('vitest'), tsx: false });
    enterWorker({ mainFile: '/app/main.ts', tsx: true });
    expect(workerHints()).toEqual({ mainFile: '/app/main.ts', tsx: true });
  });
});

describe.each(lines)('a program on Node %s', (line) => {
  const folder = temporaryFolder();
  const files = write(folder, {
    'heavy.mjs': 'export const heavy = (n) => n * 7;',
    'writes.mjs': "import { writeFileSync } from 'node:fs'; export const heavy = () => { try { writeFileSync(new URL('./out', import.meta.url), ''); return 'wrote'; } catch (e) { return e.code; } };",
    'condition.mjs': "export { value as default } from 'pkg';\nimport { value } from 'pkg';\nexport const heavy = () => value;",
    'node_modules/pkg/package.json': '{"type":"module","exports":{"special":"./special.js","default":"./plain.js"}}',
    'node_modules/pkg/special.js': "export const value = 'special';",
    'node_modules/pkg/plain.js': "export const value = 'plain';",
    'setup.mjs': 'globalThis.setUp = true;',
    'setup-seen.mjs': 'export const heavy = () => globalThis.setUp;',
  }); // prettier-ignore
  const of = (name: keyof typeof files) => ({ find: { module: files[name], export: 'heavy' }, args: [6] });
  const value = async (name: keyof typeof files, flags: string[], execArgv?: string[]): Promise<unknown> => {
    const { answers } = await runProgram({ line, mode: 'built', flags, jobs: [of(name)], ...(execArgv ? { execArgv } : {}) });
    return answers[0]!.value ?? answers[0];
  };

  it('has workers whatever it was started with', async () => {
    const flags = [
      '--expose-gc',
      '--max-old-space-size=300',
      '--stack-trace-limit=50',
      '--title=x',
      '--inspect=0',
      '--test-only',
      '--unhandled-rejections=warn',
    ];
    expect(await value('heavy.mjs', flags)).toBe(42);
  });

  it('has workers when it is text', async () => {
    const text = `const { report, farm } = await import(${JSON.stringify(pathToFileURL(join(repository, 'test/fixtures/far-side/farm.mjs')).href)});
      report(await farm([${JSON.stringify(of('heavy.mjs'))}]));`;
    const { answers } = await runProgram({ line, mode: 'built', flags: ['--input-type=module', '--eval'], file: text });
    expect(answers[0]!.value).toBe(42);
  });

  it('hands conditions and preloaded modules down', async () => {
    expect(await value('condition.mjs', ['--conditions', 'special'])).toBe('special');
    expect(await value('setup-seen.mjs', ['--import', files['setup.mjs']])).toBe(true);
  });

  it('does not let a worker out of the permission model, nor by the options of a pool', async () => {
    const permission = line === '20' ? '--experimental-permission' : '--permission';
    const flags = [permission, '--allow-worker', '--allow-fs-read=*', '--no-warnings'];
    expect([await value('writes.mjs', flags), await value('writes.mjs', flags, [])]).toEqual(['ERR_ACCESS_DENIED', 'ERR_ACCESS_DENIED']);
    expect(await value('writes.mjs', [])).toBe('wrote');
  });

  it('is known by its real path, when named by a link or without extension', async () => {
    const program = `
      const { report } = await import(${JSON.stringify(pathToFileURL(join(repository, 'test/fixtures/far-side/farm.mjs')).href)});
      const { workerHints } = await import(new URL('src/executors/worker-flags' + process.env.OFFLOOP_EXT, process.env.OFFLOOP_TREE).href);
      report([workerHints()]);`;
    write(folder, { 'main.js': program });
    symlinkSync(join(folder, 'main.js'), join(folder, 'link.js'));
    for (const name of ['link.js', 'main']) {
      const { answers } = await runProgram({ line, mode: 'built', file: join(folder, name) });
      expect(answers).toEqual([{ mainFile: join(folder, 'main.js'), tsx: false }]);
    }
  });
});
