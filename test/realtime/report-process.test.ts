/** The report of programs of their own, from a build: it is there however they end, and harms none of them. They mostly wait: two at a time. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unpack } from '../../src/report/pack.ts';
import type { Packed } from '../../src/report/pack.ts';
import type { PageModel } from '../../src/report/page-model.ts';
import { readLog } from '../../src/report/read.ts';
import { build, repository } from '../fixtures/far-side/harness.ts';

const fixture = join(repository, 'test/fixtures/monitor/invoices.cjs');
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'offloop-reports-')));
let dist: string;
beforeAll(async () => void (dist = join(await build({ bundled: true }), 'dist')));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:VITEST|NODE_|TEST|OFFLOOP_)/.test(name)));
  const child = spawn(process.execPath, args, { env: { ...clean, ...env }, cwd: folder, timeout: 60_000, killSignal: 'SIGKILL' });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (out.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (out.stderr += String(chunk)));
  const ended = new Promise<Ended>((resolve) => child.on('close', (code, signal) => resolve({ code, signal, ...out })));
  return { child, ended };
}

/** With the preload. */
function invoices(settings: string, how = 'return') {
  const preload = pathToFileURL(join(dist, 'src/monitor/preload.js')).href;
  return start(['--import', preload, fixture, how], { OFFLOOP_MONITOR: `log=false,${settings}` });
}

const headlineOf = (file: string): string =>
  /<h1 id="headline">(.*?)<\/h1>/.exec(readFileSync(file, 'utf8'))![1]!.replaceAll('\u00a0', ' ');

function modelOf(file: string): PageModel {
  const [, data = ''] = /<script type="application\/json" id="data">(.*?)<\/script>/.exec(readFileSync(file, 'utf8')) ?? [];
  return unpack(JSON.parse(data) as Packed);
}

describe('the report is there', () => {
  test.concurrent.each([
    ['that ends', 'return', 0],
    ['that calls process.exit()', 'exit', 3],
    ['that throws', 'throw', 1],
  ])('of a program %s, which ends as it would have', async (_title, how, expected) => {
    const file = join(folder, `${how}.html`);
    const { code, stdout, stderr } = await invoices(`report=${file}`, how).ended;
    expect([code, stdout]).toEqual([expected, 'done\n']);
    if (how === 'throw') expect(stderr).toContain('on purpose');
    else expect(stderr).toBe('');
    expect(headlineOf(file)).toMatch(/^Your loop was blocked \d+ times, for [\d.]+ s of .*invoices\.cjs:\d+ \w+/);
    expect(readFileSync(file, 'utf8')).toContain('"ended":true');
  });

  test.concurrent.each([
    ['stay', 'that is killed, as far as it was written by then', '"ended":false'],
    ['forever', 'that is killed in an endless loop, with the line it was on', 'renderLines'],
  ])('of a program (%s) %s', async (how, _title, expected) => {
    const file = join(folder, `killed-${how}.html`);
    const { child, ended } = invoices(`report=${file}`, how);
    const deadline = Date.now() + 40_000;
    const isOpen = (): boolean => modelOf(file).runs[0]!.blocks.some(({ open }) => open);
    const enough = (): boolean => existsSync(file) && headlineOf(file).startsWith('Your loop') && (how === 'stay' || isOpen());
    while (!enough() && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    child.kill('SIGKILL');
    expect(await ended).toMatchObject({ signal: 'SIGKILL' });
    expect(headlineOf(file)).toContain('Your loop was blocked');
    expect(readFileSync(file, 'utf8').includes(expected)).toBe(true);
  });

  test.concurrent('of a run in debug mode, when it is over, with its task', async () => {
    const program = `
      import { run, sleep, withTaskGroup } from ${JSON.stringify(pathToFileURL(join(dist, 'src/index.js')).href)};
      const crunch = () => { for (const end = performance.now() + 300; performance.now() < end;); };
      await run(async () => {
        await sleep(1500);
        await withTaskGroup((tg) => void tg.spawn(async () => crunch(), { name: 'cruncher' }));
        await sleep(200);
      }, { debug: { report: 'debug.html' } });
      console.log('over');`;
    const { code, stdout } = await start(['--input-type=module', '-e', program]).ended;
    expect([code, stdout]).toEqual([0, 'over\n']);
    expect(headlineOf(join(folder, 'debug.html'))).toContain('Your loop was blocked');
    expect(readFileSync(join(folder, 'debug.html'), 'utf8')).toContain('"tasks":["cruncher"]');
  });
});

const unwritable: [title: string, path: () => string, reason: string][] = [
  ['a directory', () => folder, 'it is a directory (EISDIR)'],
  ['a directory that is not there', () => join(folder, 'nowhere/lag.html'), 'its directory does not exist (ENOENT)'],
];
if (existsSync('/dev/full')) unwritable.push(['a full disk', () => '/dev/full', 'no space left on the device (ENOSPC)']);

test.concurrent.each(unwritable)('%s is told in one line, and the program is not harmed', async (_title, path, reason) => {
  const { code, stdout, stderr } = await invoices(`report=${path()}`, 'exit').ended;
  expect([code, stdout]).toEqual([3, 'done\n']);
  expect(stderr).toBe(`offloop: the lag monitor cannot write its report (option report) to ${path()}: ${reason}\n`);
});

test.concurrent('a log tells the program, its loop over time, its blocks with their stacks, and its end', async () => {
  const log = join(folder, 'lag.ndjson');
  const { code, stderr } = await invoices(`log=${log}`).ended;
  expect([code, stderr]).toEqual([0, '']);
  const { lines, problems } = readLog(readFileSync(log, 'utf8'));
  expect(problems).toEqual([]);
  expect(lines[0]).toMatchObject({ type: 'start', command: [fixture], cwd: folder, mode: 'watch', threshold: 100 });
  expect(lines.at(-1)).toMatchObject({ type: 'end' });
  const lag = lines.filter((line) => line.type === 'lag');
  expect(lag.length).toBeGreaterThan(1);
  expect(Math.max(...lag.map(({ delay }) => delay.max))).toBeGreaterThan(150);
  const block = lines.find((line) => line.type === 'block' && line.where?.fn === 'renderLines');
  expect(block).toMatchObject({ stacks: expect.arrayContaining([expect.objectContaining({ count: expect.any(Number) })]) });
});
