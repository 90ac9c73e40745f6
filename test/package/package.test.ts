/** What a user gets from the registry: the right files, a manifest that resolves, and programs of every kind that run. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundlers } from '../support/bundlers.ts';
import { cachedPackage } from '../support/cached-package.ts';
import { type Consumer, installConsumer } from '../support/consumer.ts';
import { blocks, code, fileOf, outputs, pageText, withoutFigures, withoutStarvation } from '../support/doc-blocks.ts';
import { installedWith } from '../support/install-size.ts';
import { root } from '../support/repository-copy.ts';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const stripsTypes = major > 22 || (major === 22 && minor >= 18);

// Each program prints the sum of 0…n-1 and whether it was computed on the main thread.
const esm = '{ "type": "module" }';
const jobs = (number: string): string => `
import { isMainThread } from 'node:worker_threads';
import { offload } from 'offloop';

export const sum = offload(import.meta, (n${number}) => {
  let total = 0;
  for (let i = 0; i < n; i++) total += i;
  return total;
});
export const onMainThread = offload(import.meta, () => isMainThread);
`;

const programs: Record<string, string> = {
  'ts/package.json': esm,
  'ts/jobs.ts': jobs(': number'),
  'ts/main.ts': `
import { run, ThreadPoolExecutor } from 'offloop';
import { onMainThread, sum } from './jobs.ts';

await run(async () => {
  const total: number = await sum(10); // the types flow through the worker
  const pool = new ThreadPoolExecutor({ max: 1 });
  const main: boolean = await onMainThread.with({ executor: pool })();
  await pool.shutdown();
  // @ts-expect-error: and they are checked
  sum satisfies (text: string) => unknown;
  console.log(total, main);
});
`,
  'ts/entries.ts': `
import 'offloop/monitor';
import type { AddressInfo } from 'node:net';
import { collect, metricsHandler } from 'offloop/prometheus';
import { createServer } from 'node:http';
import { instrument } from 'offloop/opentelemetry';
import { MockClock } from 'offloop/testing';
import { checkCancelled, currentJob } from 'offloop/worker';
import { Queue, withTaskGroup, type JobEndedEvent, type Task, type TaskGroup } from 'offloop';

export const port = (createServer(metricsHandler()).address() as AddressInfo).port;
export const undo: Disposable[] = [collect(undefined, { loop: false }), instrument({ metrics: false })];
export const clock = new MockClock();
export const queue = new Queue<string>(1);
export const started = (tg: TaskGroup): Task<number> => tg.spawn(() => 1);
export const joined: Promise<number> = withTaskGroup(started);
export const outcome = ({ outcome }: JobEndedEvent): string => outcome + String(currentJob()?.id ?? checkCancelled());
// @ts-expect-error: a string queue
queue.putNowait(1);
`,
  'ts/common.cts': `
import { run } from 'offloop';

export const done: Promise<number> = run(() => 1);
`,
  'ts/tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'ES2022',
      module: 'NodeNext',
      types: ['node'],
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
    },
  }),
  'old/main.ts': `
import { run, type Task } from 'offloop';
import { MockClock } from 'offloop/testing';
import { checkCancelled } from 'offloop/worker';

export const done: Promise<number> = run(() => 1, { clock: new MockClock() });
export const name = (task: Task<number>): string => task.name + String(checkCancelled());
`,
  'js/package.json': esm,
  'js/jobs.js': jobs(''),
  'js/main.js': `
import { run } from 'offloop';
import { onMainThread, sum } from './jobs.js';

await run(async () => {
  console.log(await sum(10), await onMainThread());
});
`,
  'single/package.json': esm,
  'single/main.js': `
import { run } from 'offloop';
${jobs('')}
await run(async () => {
  console.log(await sum(10), await onMainThread());
});
`,
  'app/package.json': esm,
  'app/jobs.js': `
import { offload } from 'offloop';
import { currentJob } from 'offloop/worker';
export { onMainThread } from './more-jobs.js';

export const sum = offload(import.meta, (n) => (currentJob() === undefined ? NaN : (n * (n - 1)) / 2));
`,
  'app/more-jobs.js': `
import { isMainThread } from 'node:worker_threads';
import { offload } from 'offloop';

export const onMainThread = offload(import.meta, () => isMainThread);
`,
  'app/main.js': `
import { run } from 'offloop';
import { onMainThread, sum } from './jobs.js';

await run(async () => console.log(await sum(10), await onMainThread(), sum.module));
`,
  'app/server.js': `
import { createServer } from 'node:http';
import { run } from 'offloop';
import { onMainThread, sum } from './jobs.js';

const server = createServer().listen(0, '127.0.0.1'); // beside run(): a worker must not do it again
await run(async () => console.log(await sum(10), await onMainThread(), sum.module));
server.close();
`,
  'peers/package.json': esm,
  'peers/main.js': `
import { collect } from 'offloop/prometheus';
import { instrument } from 'offloop/opentelemetry';

for (const call of [collect, instrument]) {
  try {
    call();
  } catch ({ name, message }) {
    console.log(name + ': ' + message);
  }
}
`,
  'report/package.json': esm,
  'report/main.js': `
import { LoopMonitor } from 'offloop';

const monitor = new LoopMonitor({ log: false }).start();
const page = await monitor.html();
monitor.stop();
console.log(page.slice(0, 15), page.length);
`,
  'cjs/heavy.js': `
const { isMainThread } = require('node:worker_threads');
exports.sum = (n) => Array.from({ length: n }, (_, i) => i).reduce((a, b) => a + b, 0);
exports.onMainThread = () => isMainThread;
`,
  'cjs/main.js': `
const { pathToFileURL } = require('node:url');
const { run, fromModule } = require('offloop');

const heavy = fromModule(pathToFileURL(require.resolve('./heavy.js')));
run(async () => {
  console.log(await heavy.sum(10), await heavy.onMainThread());
});
`,
};

// Says what a thread has loaded: Node's modules in so far as they are dear, packages, and how many files of offloop.
programs['js/loaded.js'] = `
import { isMainThread } from 'node:worker_threads';
import { offload } from 'offloop';

export function loaded() {
  const dear = /^NativeModule (?:child_process|crypto|dgram|http|inspector|zlib)$/;
  const native = isMainThread ? process.moduleLoadList.filter((name) => dear.test(name)) : []; // before we load one
  const session = new (process.getBuiltinModule('node:inspector').Session)();
  const urls = new Set();
  session.on('Debugger.scriptParsed', ({ params }) => urls.add(params.url));
  session.connect();
  session.post('Debugger.enable'); // tells of what was there before, too
  session.disconnect();
  const files = [...urls].map((url) => /.*node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1]).filter(Boolean);
  const packages = new Set(files.filter((name) => name !== 'offloop'));
  return { isMainThread, native, packages: [...packages].sort(), offloop: files.filter((name) => name === 'offloop').length };
}
export const loadedThere = offload(import.meta, loaded);
`;
programs['js/start.js'] = `
import { run } from 'offloop';
import { loaded, loadedThere } from './loaded.js';

const report = [loaded()];
await run(async () => report.push(await loadedThere()));
console.log(JSON.stringify([...report, loaded()]));
`;
programs['js/where.js'] = `
import { formatCallGraph, gather, run, setDebug, sleep, ThreadPoolExecutor } from 'offloop';
import * as offloop from 'offloop';

setDebug({ monitor: false }); // however slow the machine is
await run(async () => {
  const waits = gather([sleep(1), sleep(2)]);
  const graph = formatCallGraph();
  await waits;
  const pool = new ThreadPoolExecutor({ max: 1 });
  const { stack } = await pool.submit(() => { throw new Error('thrown there'); }, []).catch((error) => error);
  await pool.shutdown();
  const misnamed = Object.entries(offloop).filter(([name, value]) => typeof value === 'function' && value.name !== name);
  console.log(JSON.stringify({ graph, stack, misnamed: misnamed.map(([name]) => name) }));
});
`;
programs['js/kinds.js'] = `
import { actor, InlineExecutor, offload, ProcessPoolExecutor, run } from 'offloop';
import { threadId } from 'node:worker_threads';

export const where = offload(import.meta, () => [process.pid, threadId], { name: 'where' });
export const upTo = offload(import.meta, function* (n) { for (let i = 1; i <= n; i++) yield i; }, { name: 'upTo' });
export const Counter = actor(import.meta, class { n = 0; add(k) { return (this.n += k); } where() { return [process.pid, threadId]; } });

await run(async () => {
  const processes = new ProcessPoolExecutor({ max: 1 });
  const inline = new InlineExecutor();
  const counter = await Counter.spawn();
  await counter.add(1);
  const places = [where(), where.with({ executor: processes })(), where.with({ executor: inline })(), counter.where()];
  const [thread, child, here, far] = await Promise.all(places);
  const all = [];
  for await (const i of upTo(3)) all.push(i);
  const pid = process.pid;
  console.log(thread[0] === pid && thread[1] > 0, child[0] !== pid, String(here) === pid + ',0', far[0] === pid && far[1] > 0);
  console.log(await counter.add(2), all.join());
  await Promise.all([processes.shutdown(), inline.shutdown()]);
});
`;
programs['js/stack.js'] = `
import { Semaphore } from 'offloop';

try {
  new Semaphore('many');
} catch (error) {
  const before = process.cpuUsage();
  const { stack } = error;
  const { user, system } = process.cpuUsage(before);
  console.log(stack + '\\0' + (user + system) / 1000);
}
`;

let consumer: Consumer;
beforeAll(async () => {
  consumer = await installConsumer(programs, ['tsx', '@types/node']);
});
afterAll(() => consumer?.remove());

/** What every HTML report consists of, and the licences of the libraries in it. */
const pageFiles = ['dist/src/report/page.LICENSES.txt', 'dist/src/report/page.json'];

describe('the tarball', () => {
  it('holds the built library, its papers, and nothing else', () => {
    const built = /^dist\/(?:src|workers)\/.+\.(?:js|d\.ts|js\.map|d\.ts\.map)$/;
    const papers = ['CHANGELOG.md', 'LICENSE', 'README.md', ...pageFiles, 'package.json'];
    expect(consumer.files.filter((path) => !built.test(path))).toEqual(papers);
    expect(consumer.files).toEqual(expect.arrayContaining(['dist/src/index.js', 'dist/src/index.d.ts', 'dist/workers/index.js']));
  });

  it('has a source map for each file, declarations for each entry, and few files to load', async () => {
    const modules = consumer.files.filter((path) => path.endsWith('.js')).map((path) => path.slice(0, -'.js'.length));
    const entries = modules.filter((path) => !path.startsWith('dist/src/chunks/'));
    const text = (path: string): string => readFileSync(join(consumer.folder, 'node_modules/offloop', `${path}.js`), 'utf8');
    const code = modules.filter((path) => /^(?:const|let|var|class|(?:async )?function) /m.test(text(path))); // others only pass names on
    expect(code.length).toBeGreaterThan(10);
    expect(consumer.files).toEqual(expect.arrayContaining(code.map((path) => `${path}.js.map`)));
    expect(consumer.files).toEqual(expect.arrayContaining(entries.flatMap((path) => [`${path}.d.ts`, `${path}.d.ts.map`])));
    expect(modules.length).toBeLessThan(30);
    const { exports, bin } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { exports: object; bin: object };
    const published = JSON.stringify([exports, bin]).match(/dist\/[^"]*(?=\.js")/g);
    expect(entries).toEqual(expect.arrayContaining([...published!, 'dist/workers/thread', 'dist/workers/watchdog']));
  });

  it('has text that is read fast, and imports nothing of Node that would be read in full', async () => {
    const folder = join(consumer.folder, 'node_modules/offloop');
    const files = consumer.files.filter((path) => path.endsWith('.js'));
    const texts = await Promise.all(files.map((path) => readFile(join(folder, path), 'utf8')));
    expect(files.filter((_, i) => /[^\0-\x7f]/.test(texts[i]!))).toEqual([]);
    expect(files.filter((_, i) => /^import [^;]*"node:/m.test(texts[i]!))).toEqual([]);
  });

  it('has nothing that publint objects to', async () => {
    const tarball = new Uint8Array(await readFile(consumer.tarball)).buffer;
    const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  it('has types that are what runs, whoever resolves them', async () => {
    const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
    const { stdout } = await promisify(execFile)(process.execPath, [attw, consumer.tarball, '--profile', 'esm-only', '--format', 'json']);
    const { analysis } = JSON.parse(stdout) as { analysis: { problems: { kind: string; resolutionKind?: string }[]; entrypoints: object } };
    // The profile is about the exit code only: that node16 lets no CommonJS file require an ES module is listed all the same.
    const others = analysis.problems.filter(({ resolutionKind }) => resolutionKind !== 'node16-cjs');
    expect(others).toEqual([]);
    const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { exports: object };
    expect(Object.keys(analysis.entrypoints).sort()).toEqual(Object.keys(exports).sort());
  });

  it('is small, and brings little along', async () => {
    const packages = installedWith(consumer.folder, 'offloop');
    const megabytes = packages.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20;
    expect((await stat(consumer.tarball)).size / 2 ** 20).toBeLessThan(1);
    expect(packages.map(({ name }) => name)).toContain('piscina');
    expect(packages.length).toBeLessThanOrEqual(20);
    expect(megabytes).toBeLessThan(6);
  });
});

describe('a program that installed it', () => {
  const rightAnswer = { stdout: '45 false\n', stderr: '', exit: 0 };

  it('runs in TypeScript under tsx', async () => {
    expect(await consumer.node('ts', '--import', 'tsx', 'main.ts')).toEqual(rightAnswer);
  });

  it.runIf(stripsTypes)('runs in TypeScript with Node alone, from 22.18 up', async () => {
    expect(await consumer.node('ts', 'main.ts')).toEqual(rightAnswer);
  });

  it.each(['5.4.5', '5.9.3', '6.0.3', '7.0.2'])('type-checks with TypeScript %s, however modules are resolved', async (version) => {
    const tsc = join(await cachedPackage('typescript', version), 'bin/tsc');
    const peers = { '@opentelemetry/api': 'build/src/index.d.ts', 'prom-client': 'index.d.ts' };
    const compilerOptions = {
      target: 'ES2022',
      types: ['node'],
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      paths: Object.fromEntries(Object.entries(peers).map(([name, types]) => [name, [join(root, 'node_modules', name, types)]])),
    };
    const variants = [
      { module: 'NodeNext', moduleResolution: 'NodeNext', skipLibCheck: false }, // CommonJS may require() ES modules from 5.8 up
      { module: 'ESNext', moduleResolution: 'Bundler', skipLibCheck: true },
    ];
    const outcomes = variants.map(async (variant) => {
      const file = join(consumer.folder, 'ts', `tsconfig.${version}.${variant.module}.json`);
      const exclude = variant.module === 'NodeNext' && version !== '5.4.5' ? [] : ['common.cts'];
      await writeFile(file, JSON.stringify({ compilerOptions: { ...compilerOptions, ...variant }, exclude }));
      return consumer.node('ts', tsc, '-p', file);
    });
    expect(await Promise.all(outcomes)).toEqual(variants.map(() => ({ stdout: '', stderr: '', exit: 0 })));
  });

  it.each(['5.4.5', '5.9.3'])(
    'type-checks with TypeScript %s in a project that compiles to CommonJS, as tsc --init had it for years',
    async (version) => {
      const tsc = join(await cachedPackage('typescript', version), 'bin/tsc');
      const options = [
        '--module',
        'commonjs',
        '--moduleResolution',
        'node10',
        '--target',
        'es2022',
        '--types',
        'node',
        '--strict',
        '--noEmit',
      ];
      expect(await consumer.node('old', tsc, ...options, 'main.ts')).toEqual({ stdout: '', stderr: '', exit: 0 });
    },
  );

  it('is told by one line which packages offloop worker needs', async () => {
    const command = join(consumer.folder, 'node_modules/offloop/dist/src/cli/main.js');
    expect(await consumer.node('js', command, 'worker', './jobs.js', '--url', 'redis://127.0.0.1:1')).toEqual({
      stdout: '',
      stderr: 'offloop: worker: needs the packages bullmq and ioredis: npm install bullmq ioredis\n',
      exit: 1,
    });
  });

  it('is told by one line which package is missing for an entry of its own', async () => {
    const { stdout, exit } = await consumer.node('peers', 'main.js');
    expect([exit, ...stdout.split('\n')]).toEqual([
      0,
      'InvalidStateError: offloop/prometheus needs the package prom-client, which is not installed: npm install prom-client',
      'InvalidStateError: offloop/opentelemetry needs the package @opentelemetry/api, which is not installed: npm install @opentelemetry/api',
      '',
    ]);
  });

  it('runs in JavaScript modules', async () => {
    expect(await consumer.node('js', 'main.js')).toEqual(rightAnswer);
  });

  it('finds the files of each kind of worker', async () => {
    expect(await consumer.node('js', 'kinds.js')).toEqual({ stdout: 'true true true true\n3 1,2,3\n', stderr: '', exit: 0 });
  });

  it('runs as a single file, which the worker loads again without running it twice', async () => {
    expect(await consumer.node('single', 'main.js')).toEqual(rightAnswer);
  });

  describe.each(Object.entries(bundlers))('and is bundled by %s', (name, bundle) => {
    /** Which of the files is the worker's does not matter, as long as it is one of the bundle's: sources need not be there. */
    const runBundle = async (out: string, ...entries: string[]): Promise<string> => {
      await bundle({ folder: join(consumer.folder, 'app'), out, entries });
      const { stdout, stderr, exit } = await consumer.node(`app/${out}`, entries[0]!);
      return `${stdout.replace(/\/[^/]*\.m?js$/m, '').trim()} ${stderr}${exit}`;
    };
    const rightFolder = (out: string): unknown => expect.stringMatching(new RegExp(`^45 false file://\\S*/app/${out}(?:/assets)? 0$`));

    it('runs as one file', async () => {
      expect(await runBundle(`${name}-one`, 'main.js')).toEqual(rightFolder(`${name}-one`));
    });

    it('runs with its functions as an entry of their own, when the main file does more than run()', async () => {
      expect(await runBundle(`${name}-two`, 'server.js', 'jobs.js')).toEqual(rightFolder(`${name}-two`));
    });
  });

  it('makes the HTML report of the monitor, with nothing but what was installed', async () => {
    const { stdout, stderr, exit } = await consumer.node('report', 'main.js');
    expect([stderr, exit]).toEqual(['', 0]);
    expect(stdout).toMatch(/^<!doctype html> \d{6}\n$/);
  });

  it('runs in CommonJS, with the functions of a module that does not know offloop', async () => {
    expect(await consumer.node('cjs', 'main.js')).toEqual(rightAnswer);
  });
});

describe.each(['README.md', 'docs/tutorial.md', 'docs/executors.md'])('who pastes what %s shows into an empty folder', (page) => {
  const folder = `reader/${page.replace(/\W/g, '-')}`;

  beforeAll(async () => {
    await mkdir(join(consumer.folder, folder), { recursive: true });
    await consumer.npm(folder, 'init', '-y');
    await consumer.npm(folder, 'pkg', 'set', 'type=module');
    for (const { path, source } of code.filter((block) => block.page === page).map(fileOf)) {
      await mkdir(dirname(join(consumer.folder, folder, path!)), { recursive: true });
      await writeFile(join(consumer.folder, folder, path!), source);
    }
  });

  it.concurrent.each(outputs.filter((block) => block.page === page).map(({ text }) => text.split(/\n(.*)/s)))(
    'reads what it says: %s',
    async (command, shown) => {
      const [program, ...args] = command.slice('$ '.length).split(' ');
      expect(program).toBe('node');
      const { stdout, stderr, exit } = await consumer.node(folder, ...args);
      expect([withoutFigures(stdout), withoutStarvation(stderr), exit]).toEqual([withoutFigures(shown!), '', 0]);
    },
  );
});

it.each(['5.9.3', '7.0.2'])(
  'what they have pasted type-checks with TypeScript %s and the settings that the documentation names',
  async (version) => {
    const tsc = join(await cachedPackage('typescript', version), 'bin/tsc');
    const { text } = blocks.find(({ page, language }) => page === 'docs/executors.md' && language === 'json')!;
    await writeFile(join(consumer.folder, 'reader/tsconfig.json'), text);
    // What a page takes from another one is not there.
    await writeFile(join(consumer.folder, 'reader/tsconfig.check.json'), '{ "extends": "./tsconfig.json", "exclude": ["**/remote"] }');
    expect(await consumer.node('reader', tsc, '-p', 'tsconfig.check.json', '--noEmit')).toEqual({ stdout: '', stderr: '', exit: 0 });
  },
);

it('what README and tutorial tell to install first is what their commands were tried with', async () => {
  const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> };
  const begin = 'npm init -y && npm pkg set type=module && npm install offloop && npm install --save-dev tsx';
  expect(pageText('README.md')).toContain(`\n${begin}\n`);
  expect(pageText('docs/tutorial.md')).toContain(`\n${begin} @types/node@${devDependencies['@types/node']}\n`);
});

describe('what a program does not use it does not load', () => {
  interface Loaded {
    readonly isMainThread: boolean;
    readonly native: readonly string[];
    readonly packages: readonly string[];
    readonly offloop: number;
  }

  it('neither at the import, nor for the first job, nor in a worker whose module imports the package', async () => {
    const { stdout, stderr } = await consumer.node('js', 'start.js');
    expect(stderr).toBe('');
    const [imported, inWorker, after] = JSON.parse(stdout) as [Loaded, Loaded, Loaded];
    expect(imported).toEqual({ isMainThread: true, native: [], packages: [], offloop: expect.any(Number) as number });
    expect(inWorker).toMatchObject({ isMainThread: false, packages: ['piscina'] });
    expect(after.packages).toEqual(['piscina']);
    expect(Math.max(imported.offloop, after.offloop, inWorker.offloop)).toBeLessThan(8);
  });
});

it('what is told of places and names is the user’s, although our files are bundled', async () => {
  const { stdout, stderr, exit } = await consumer.node('js', 'where.js');
  expect({ stderr, exit }).toEqual({ stderr: '', exit: 0 });
  const { graph, stack, misnamed } = JSON.parse(stdout) as { graph: string; stack: string; misnamed: string[] };
  expect(misnamed).toEqual([]);
  expect(graph).toMatch(/where\.js:8/);
  expect(graph).not.toContain('node_modules');
  expect(stack).toMatch(/submitted here[\s\S]*where\.js:11/);
});

it('a stack names our functions, and costs next to nothing where source maps are on', async () => {
  for (const flags of [['--enable-source-maps'], ['--import', 'tsx']]) {
    const [stack = '', ms] = (await consumer.node('js', ...flags, 'stack.js')).stdout.split('\0');
    expect(stack).toMatch(/at checkCount \(.*node_modules\/offloop\/dist\/src\/chunks\/\w+\.js:\d+:\d+\)\n +at new Semaphore/);
    expect(Number(ms)).toBeLessThan(10); // of the processor: 0.5; with a map of such a file it was 15 and more, with the one that tsx makes 150
  }
});
