/** What a user gets from the registry: the right files, a manifest that resolves, and programs of every kind that run. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Consumer, installConsumer, root } from '../support/consumer.ts';

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

const programs = {
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

  it('has a source map and declarations for each module', () => {
    const modules = consumer.files.filter((path) => path.endsWith('.js')).map((path) => path.slice(0, -'.js'.length));
    const expected = modules.flatMap((path) => [`${path}.d.ts`, `${path}.d.ts.map`, `${path}.js`, `${path}.js.map`]);
    const inDist = consumer.files.filter((path) => path.startsWith('dist/') && !pageFiles.includes(path));
    expect(inDist).toEqual(expected.sort());
  });

  it('has nothing that publint objects to', async () => {
    const tarball = new Uint8Array(await readFile(consumer.tarball)).buffer;
    const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
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

  it('type-checks against the declarations, library files included', async () => {
    expect(await consumer.node('ts', join(root, 'node_modules/typescript/bin/tsc'))).toEqual({ stdout: '', stderr: '', exit: 0 });
  });

  it('runs in JavaScript modules', async () => {
    expect(await consumer.node('js', 'main.js')).toEqual(rightAnswer);
  });

  it('runs as a single file, which the worker loads again without running it twice', async () => {
    expect(await consumer.node('single', 'main.js')).toEqual(rightAnswer);
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
