import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { enterWorker } from '../../src/executors/worker-state.ts';
import { isMainFile, sideEffectWarning, watchImport } from '../../workers/main-file.ts';
import { everywhere, lines, repository, runProgram, temporaryFolder, write } from '../fixtures/far-side/harness.ts';

const folder = temporaryFolder();
const program = (work: string, before = ''): string => `${before}
  import { farm, report } from ${JSON.stringify(join(repository, 'test/fixtures/far-side/farm.mjs'))};
  import { isMainThread } from 'node:worker_threads';
  const use = (path) => import(new URL(path + process.env.OFFLOOP_EXT, process.env.OFFLOOP_TREE).href);
  const { register } = await use('src/executors/registry');
  const { run } = await use('src/core/run');
  const square = register(import.meta, (n) => n * n);
${work}
  await run(async () => report(await farm([{ find: square, args: [6] }, { load: new URL('./module.mjs', import.meta.url).href }])));
  process.exit();`;
const chatty = `
  console.log('hello');
  console.error('careful');`;
const files = write(folder, {
  'quiet.mjs': program('await new Promise((resolve) => setTimeout(resolve, 5)); clearInterval(setInterval(() => {}, 1)); setInterval(() => {}, 60_000).unref();'),
  'print.mjs': program(chatty),
  'print.ts': program(chatty),
  'after await.mjs': program("await new Promise((resolve) => setTimeout(resolve, 5));\nprocess.stdout.write('late');"),
  'serve.mjs': program('createServer().listen(0);', "import { createServer } from 'node:http';"),
  'bind.mjs': program("createSocket('udp4').bind(0);\nsetInterval(() => {}, 60_000);", "import { createSocket } from 'node:dgram';"),
  'timers.mjs': program('later(() => {}, 60_000);', "import { setTimeout as later } from 'node:timers';"),
  'spawn.mjs': program("spawn('true');", "import { spawn } from 'node:child_process';"),
  'run.mjs': program("execSync('true');", "import { execSync } from 'node:child_process';"),
  'innocent.mjs': program('', "import './module.mjs';"),
  'module.mjs': "console.log('from a module'); setInterval(() => {}, 60_000); export const x = 1;",
}); // prettier-ignore

async function warningsOf(name: keyof typeof files, [line, mode]: (typeof everywhere)[number]): Promise<string[]> {
  const { answers } = await runProgram({ line, mode, file: fileURLToPath(files[name]) });
  expect(answers[0]).toMatchObject({ value: 36 });
  return answers[0]!.warnings!;
}

describe.each(everywhere)('the main file in a worker of Node %s, %s', (...where) => {
  it('is told apart by line when it prints', async () => {
    const name = where[1] === 'built' ? 'print.mjs' : 'print.ts';
    const [warning, ...others] = await warningsOf(name, where);
    expect(others).toEqual([]);
    expect(warning).toContain(`Workers import ${join(folder, name)} to find its functions, and each of them then prints (${name}:9): `);
    expect(warning).toContain('move that work into the function given to run(), or the offloaded functions into a module of their own');
  });
});

describe.each(lines)('what the main file does on Node %s', (line) => {
  const mode = 'built';

  it('beside printing is noticed: servers, timers, processes', async () => {
    const [serve] = await warningsOf('serve.mjs', [line, mode]);
    const [timers] = await warningsOf('timers.mjs', [line, mode]);
    const [spawn] = await warningsOf('spawn.mjs', [line, mode]);
    const [run] = await warningsOf('run.mjs', [line, mode]);
    const [bind] = await warningsOf('bind.mjs', [line, mode]);
    expect(serve).toContain('then listens on a port (serve.mjs:8): ');
    expect(timers).toContain('then starts a timer (timers.mjs:8): ');
    expect(spawn).toContain('then starts a process (spawn.mjs:8): ');
    expect(run).toContain('then starts a process (run.mjs:8): ');
    expect(bind).toContain('then listens on a port (bind.mjs:8), starts a timer (bind.mjs:9): ');
  });

  it('after a top-level await is noticed too', async () => {
    expect(await warningsOf('after await.mjs', [line, mode])).toEqual([expect.stringContaining('prints (after await.mjs:9)')]);
  });

  it('while it loads is not: timers that have fired, were cleared or hold nothing up', async () => {
    expect(await warningsOf('quiet.mjs', [line, mode])).toEqual([]);
  });

  it('is not what a module does that it imports', async () => {
    expect(await warningsOf('innocent.mjs', [line, mode])).toEqual([]);
  });
});

describe('watching an import', () => {
  const globals = (): unknown[] => [Reflect.get(process.stdout, 'write'), globalThis.setTimeout];
  const before = globals();
  afterEach(() => void (enterWorker().hints = {}));

  it('leaves every global as it was, also when the import fails', async () => {
    enterWorker({ mainFile: fileURLToPath(import.meta.url) });
    let during: unknown[] = [];
    const failing = watchImport(import.meta.url, () => {
      during = globals();
      return Promise.reject(new Error('no'));
    });
    await expect(failing).rejects.toThrow('no');
    expect(during.map((value, i) => value === before[i])).toEqual([false, false]);
    expect(globals()).toEqual(before);
  });

  it('of any other module changes nothing', async () => {
    enterWorker({ mainFile: '/somewhere/else.js' });
    const watched = await watchImport(import.meta.url, () => Promise.resolve(globals()));
    expect(watched).toEqual({ result: before, sideEffects: [] });
  });

  it('knows the main file by any of its URLs', () => {
    enterWorker({ mainFile: fileURLToPath(import.meta.url) });
    expect([import.meta.url, `${import.meta.url}?offloop-tsx`, pathToFileURL('/no/such').href, 'node:fs'].map(isMainFile)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('is summed up in a sentence', () => {
    expect(sideEffectWarning('/app/main.ts', ['prints (main.ts:3)'])).toMatch(
      /^Workers import \/app\/main\.ts .* prints \(main\.ts:3\): move /,
    );
  });
});
