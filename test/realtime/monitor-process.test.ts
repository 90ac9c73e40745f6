/** The monitor in programs of their own: what it finds, and that it harms none of them, however they end. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SlowReport } from '../../src/base/slow-report.ts';
import { isBlock } from '../../src/report/model.ts';
import type { BlockLine } from '../../src/report/model.ts';
import { readLog } from '../../src/report/read.ts';
import { build, repository } from '../fixtures/far-side/harness.ts';

const fixture = (name: string): string => join(repository, 'test/fixtures/monitor', name);
const temporary = mkdtempSync(join(tmpdir(), 'offloop-monitor-'));
let preload: string;
let index: string;
beforeAll(async () => {
  const dist = join(await build({ bundled: true }), 'dist/src');
  preload = pathToFileURL(join(dist, 'monitor/preload.js')).href;
  index = pathToFileURL(join(dist, 'index.js')).href;
});
afterAll(() => rmSync(temporary, { recursive: true }));

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

class Program {
  readonly child;
  readonly ended: Promise<Ended>;
  readonly #out = { stdout: '', stderr: '' };

  constructor(args: string[], env: NodeJS.ProcessEnv = {}) {
    const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:VITEST|NODE_|TEST|OFFLOOP_)/.test(name)));
    const options = { env: { ...clean, ...env }, cwd: repository, timeout: 60_000, killSignal: 'SIGKILL' } as const;
    this.child = spawn(process.execPath, args, options);
    this.child.stdout.on('data', (chunk) => (this.#out.stdout += String(chunk)));
    this.child.stderr.on('data', (chunk) => (this.#out.stderr += String(chunk)));
    this.ended = new Promise((resolve) => this.child.on('close', (code, signal) => resolve({ code, signal, ...this.#out })));
  }

  async saw(what: RegExp, where: 'stdout' | 'stderr' = 'stderr'): Promise<string> {
    while (!what.test(this.#out[where])) {
      if (this.child.exitCode !== null) throw new Error(`ended without ${what}: ${this.#out.stdout}${this.#out.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return this.#out[where];
  }
}

const blocks = (...args: string[]): Program => new Program(['--import', 'tsx', fixture('blocks.ts'), ...args]);
const hogs = (env: NodeJS.ProcessEnv = {}, ...flags: string[]): Program =>
  new Program([...flags, '--import', preload, fixture('hogs.cjs')], env);

const hazard = (kind: string, env: NodeJS.ProcessEnv = {}, ...flags: string[]): Program =>
  new Program([...flags, '--import', preload, fixture('hazards.cjs'), kind], env);
/** It starts its own monitor. */
const unwatched = (kind: string): Program => new Program([fixture('hazards.cjs'), kind], { OFFLOOP_INDEX: index });

const lineOf = (name: string, file = 'blocks.ts'): number =>
  1 +
  readFileSync(fixture(file), 'utf8')
    .split('\n')
    .findIndex((line) => line.endsWith(`// the line of ${name}`));

/** The report of the block, not of what else a loaded machine may have caused. */
async function reportOf(kind: string, mode = 'watch'): Promise<SlowReport> {
  const { stdout } = await blocks(kind, mode).ended;
  const reports = JSON.parse(stdout.trim().split('\n').at(-1)!) as SlowReport[];
  const report = reports.find(({ task, cause }) => task?.name === kind || (kind === 'many' && cause === 'many-callbacks'));
  if (report === undefined) throw new Error(`no report of ${kind}: ${stdout}`);
  return report;
}

describe('a report names line, task and cause', () => {
  test('of a function that computes', async () => {
    const report = await reportOf('burn');
    expect(report).toMatchObject({ where: { fn: 'burn', file: fixture('blocks.ts'), line: lineOf('burn') } });
    expect(report.confidence).toMatch(/exact|near/); // the machine may be loaded: then it was asked once or twice only
    expect(report.cause).toMatch(/javascript|cpu-starved/);
    expect(report.duration).toBeGreaterThanOrEqual(300);
    if (report.cause === 'javascript') expect(report.message).toContain('hint: offload it — export const burn = offload(import.meta, …)');
  });

  test.each([
    ['derive', 'crypto.pbkdf2Sync'],
    ['sleep', 'child_process.execSync'],
    ['wait', 'Atomics.wait'],
  ])('of the native call in %s', async (kind, native) => {
    const report = await reportOf(kind);
    expect(report).toMatchObject({ confidence: expect.stringMatching(/exact|near/), where: { file: fixture('blocks.ts'), native } });
    if (kind !== 'derive' && process.platform === 'linux') expect(report.cause).toBe('sync-wait');
  });

  test('of many callbacks, none of which is long', async () => {
    const report = await reportOf('many');
    expect(report.where?.fn).toBe('burn');
    expect(report.cause).toMatch(/many-callbacks|cpu-starved/); // the machine may be loaded
  });
});

// Two at a time: they mostly wait, and the blocks are long enough.
describe.concurrent('a program ends as it would have without a monitor', () => {
  test('an endless loop is told of while it lasts', async () => {
    const program = blocks('forever');
    const stderr = await program.saw(/still blocked after 1\.\d seconds.*\n.*samples/);
    expect(stderr).toContain(`blocked at test/fixtures/monitor/blocks.ts:${lineOf('burn')}:`);
    program.child.kill('SIGKILL');
    expect(await program.ended).toMatchObject({ signal: 'SIGKILL' });
  });

  test.each(['regex', 'wasm', 'chain'])('an endless %s is found in its function', async (kind) => {
    const program = hazard(kind);
    const stderr = await program.saw(/still blocked after 1\.\d seconds.*\n.*samples/);
    expect(stderr).toMatch(new RegExp(`blocked at test/fixtures/monitor/hazards\\.cjs:\\d+:\\d+ ${kind}`));
    program.child.kill('SIGKILL');
    expect(await program.ended).toMatchObject({ signal: 'SIGKILL' });
  });

  test('process.exit() in the very call that blocked', async () => {
    const { code, stderr } = await hazard('exit').ended;
    expect(code).toBe(5);
    expect(stderr).toMatch(/took \d\.\d+ seconds\n {2}blocked at test\/fixtures\/monitor\/hazards\.cjs:5:\d+ burn/);
    expect(stderr).not.toMatch(/debugger/i);
  });

  test('an error in the very call that blocked', async () => {
    const { code, stderr } = await hazard('uncaught').ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/Error: on purpose/);
    expect(stderr).toMatch(/hazards\.cjs:5:\d+ burn/);
    expect(stderr).not.toMatch(/debugger/i);
  });

  test('running out of memory: what was reported before is in the log', async () => {
    const log = join(temporary, 'memory.ndjson');
    const { code, signal, stderr } = await hazard('memory', { OFFLOOP_MONITOR: `watch,log=${log}` }, '--max-old-space-size=40').ended;
    expect(code ?? signal).toMatch(/SIGABRT|SIGILL|SIGTRAP|134/);
    expect(stderr).toMatch(/heap out of memory/);
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    const block = lines.map((line) => JSON.parse(line) as { type: string }).find(({ type }) => type === 'block');
    expect(block).toMatchObject({ where: { fn: 'burn', line: 5 } });
  });

  test('process.exit() right after a block: the report is out, the code is kept, the inspector does not hold it', async () => {
    const { code, stderr } = await blocks('exit').ended;
    expect(code).toBe(3);
    expect(stderr).toContain(`blocks.ts:${lineOf('burn')}:`);
    expect(stderr).not.toMatch(/debugger/i);
  });

  test('an error right after a block', async () => {
    const { code, stderr } = await blocks('throw').ended;
    expect(code).toBe(1);
    expect(stderr).toContain('on purpose');
    expect(stderr).toContain(`blocks.ts:${lineOf('burn')}:`);
    expect(stderr).not.toMatch(/debugger/i);
  });

  test('nothing to tell: nothing told', async () => {
    expect(await new Program(['--import', preload, '-e', '']).ended).toMatchObject({ code: 0, stderr: '' });
  });

  test.runIf(process.platform !== 'win32')('a process that was stopped is told so, and no line is blamed', async () => {
    const program = blocks('nothing');
    await program.saw(/blocking now/, 'stdout');
    program.child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    program.child.kill('SIGCONT');
    const { code, stdout } = await program.ended;
    const reports = JSON.parse(stdout.trim().split('\n').at(-1)!) as SlowReport[];
    const long = reports.filter(({ duration }) => duration > 900);
    expect(code).toBe(0);
    expect(long).toMatchObject([{ cause: 'suspended', confidence: 'none' }]);
    expect(long[0]).not.toHaveProperty('where');
  });
});

describe('the preload', () => {
  test('finds the line in a CommonJS program that knows nothing of it', async () => {
    const { code, stdout, stderr } = await hogs().ended;
    expect([code, stdout]).toEqual([0, 'done\n']);
    expect(stderr).toMatch(/Executing <callback> took \d\.\d+ seconds\n {2}blocked at test\/fixtures\/monitor\/hogs\.cjs:5:\d+ crunch/);
    expect(stderr).toContain('hogs.cjs:10 onTimer');
  });

  test('writes a log, and then no text', async () => {
    const log = join(temporary, 'lag.ndjson');
    const { stderr } = await hogs({ OFFLOOP_MONITOR: `watch,threshold=150,log=${log}` }).ended;
    const lines = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as BlockLine);
    expect(stderr).toBe('');
    expect(lines.find(({ where }) => where?.fn === 'crunch')).toMatchObject({ v: 1, type: 'block', threshold: 150, where: { line: 5 } });
  });

  test('a mistake in its settings is one line, and the program runs', async () => {
    const { code, stdout, stderr } = await hogs({ OFFLOOP_MONITOR: 'watch,treshold=5' }).ended;
    expect([code, stdout]).toEqual([0, 'done\n']);
    expect(stderr).toMatch(/^offloop: no lag monitor: Unknown option OFFLOOP_MONITOR\.treshold; known options are .*\n$/);
  });

  test('shows a bundled and minified program as its source', async () => {
    const source = join(temporary, 'invoice.ts');
    writeFileSync(
      source,
      `import { writeFileSync } from 'node:fs';\n\nexport function renderLines(ms: number): number {\n  let n = 0;\n  const end = Date.now() + ms;\n  while (Date.now() < end) n++;\n  return n;\n}\nsetTimeout(() => writeFileSync('/dev/null', String(renderLines(300))), 1500);\n`,
    );
    const outfile = join(temporary, 'bundle.mjs');
    buildSync({
      entryPoints: [source],
      outfile,
      bundle: true,
      minify: true,
      sourcemap: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
    });
    const { stderr } = await new Program(['--import', preload, outfile]).ended;
    expect(stderr).toMatch(new RegExp(`blocked at ${source}:6:\\d+ renderLines `));
  });

  const major = Number(process.versions.node.split('.')[0]);
  const permission = major >= 24 ? '--permission' : '--experimental-permission';
  test('without leave to inspect, it tells how long and why, says once what it cannot, and does no harm', async () => {
    const program = hogs({}, permission, '--allow-fs-read=*', '--allow-worker');
    const { code, signal, stdout, stderr } = await program.ended;
    expect([code, signal, stdout]).toEqual([0, null, 'done\n']);
    expect(stderr.match(/The lag monitor cannot tell which line blocks: the permission model allows no inspector/g)).toHaveLength(1);
    expect(stderr).toMatch(/Executing <callback> took (?:0\.[3-9]|[1-9]\.)\d* seconds\n {2}cause: /);
  });

  test('without leave to start a thread, it says so once, and tells how long and why', async () => {
    const { code, stdout, stderr } = await hogs({}, permission, '--allow-fs-read=*').ended;
    expect([code, stdout]).toEqual([0, 'done\n']);
    expect(stderr).toMatch(/Executing <callback> took \d\.\d+ seconds\n {2}cause: (?:javascript|cpu-starved) {3}cpu \d+ ms/);
    expect(stderr.match(/The lag monitor cannot tell which line blocks: the permission model allows no worker/g)).toHaveLength(1);
  });

  test.runIf(process.platform !== 'win32')('without a watchdog, too, a process that was stopped is told so', async () => {
    const program = new Program([permission, '--allow-fs-read=*', '--import', preload, fixture('hogs.cjs'), '1', '6000']);
    await program.saw(/cannot tell which line/);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    program.child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    program.child.kill('SIGCONT');
    const { code, stderr } = await program.ended;
    expect(code).toBe(0);
    expect(stderr).toMatch(/The process was suspended for [1-9]\.\d+ seconds\n {2}cause: suspended/);
  });

  test('an open inspector, frozen intrinsics and source maps do not disturb it, nor it them', async () => {
    for (const flag of ['--inspect=0', '--frozen-intrinsics', '--enable-source-maps']) {
      const { code, stdout, stderr } = await hogs({}, flag).ended;
      expect([flag, code, stdout]).toEqual([flag, 0, 'done\n']);
      expect(stderr).toMatch(/took (?:0\.[3-9]|[1-9]\.)\d* seconds/);
    }
  });
});

describe('the watchdog', () => {
  interface Watched {
    blocks: number;
    watchdogs: number;
    slow: SlowReport[];
  }
  const watched = async (kind: string): Promise<Watched & Ended> => {
    const ended = await unwatched(kind).ended;
    expect([ended.code, ended.signal]).toEqual([0, null]);
    return { ...ended, ...(JSON.parse(ended.stdout.trim().split('\n').at(-1)!) as Watched) };
  };
  const blockIn = ({ slow }: Watched): SlowReport | undefined => slow.findLast(({ duration }) => duration >= 800);

  test('that is ended is replaced, in silence, and the next one sees as much', async () => {
    const found = await watched('once');
    expect(found.watchdogs).toBe(2);
    expect(blockIn(found)).toMatchObject({ where: { fn: 'burn', line: 5 } });
    expect(found.stderr).not.toContain('cannot tell');
  });

  test('that is ended again is missed: this is said once, and blocks are told with their duration and cause', async () => {
    const found = await watched('twice');
    expect(found.watchdogs).toBe(2);
    expect(found.stderr.match(/The lag monitor cannot tell which line blocks: its watchdog failed twice/g)).toHaveLength(1);
    expect(found.stderr).toMatch(/Executing <callback> took \d\.\d+ seconds\n {2}cause: /);
    expect(blockIn(found)).toMatchObject({ confidence: 'none', cause: expect.stringMatching(/javascript|cpu-starved/) });
  });

  test('that is ended while it halts the program lets it go on', async () => {
    const found = await watched('paused');
    expect(found.watchdogs).toBe(2);
    expect(blockIn(found)).toMatchObject({ where: { fn: 'burn', line: 5 } });
  });

  test('runs with none of the flags and preloads of the program', async () => {
    const [loaded, preloaded] = [join(temporary, 'threads'), join(temporary, 'preloaded.cjs')];
    writeFileSync(preloaded, `require('node:fs').appendFileSync(${JSON.stringify(loaded)}, 'x');`);
    const { stderr } = await hogs({ NODE_OPTIONS: `--require ${preloaded}` }, '--require', preloaded).ended;
    expect(stderr).toMatch(/hogs\.cjs:5:\d+ crunch/);
    expect(readFileSync(loaded, 'utf8')).toBe('x'); // by the main thread, once
  });

  test('halts a program that cannot tell its stack otherwise, when it is told to', async () => {
    const { code, stdout, stderr } = await new Program(['--frozen-intrinsics', '--import', preload, fixture('hogs.cjs'), '900'], {
      OFFLOOP_MONITOR: 'watch,capture=pause',
    }).ended;
    expect([code, stdout]).toEqual([0, 'done\n']);
    expect(stderr).toMatch(/took \d\.\d+ seconds\n {2}blocked at test\/fixtures\/monitor\/hogs\.cjs:5:\d+ crunch/);
  });

  test('writes down each block of a flood, prints one a second, and does not grow', async () => {
    const log = join(temporary, 'flood.ndjson');
    const [written, printed] = await Promise.all([
      hazard('flood', { OFFLOOP_MONITOR: `watch,threshold=20,log=${log}` }).ended,
      hazard('flood', { OFFLOOP_MONITOR: 'watch,threshold=20' }).ended,
    ]);
    const lines = readLog(readFileSync(log, 'utf8')).lines.filter((line) => isBlock(line));
    expect(lines.filter(({ ms }) => ms >= 20).length).toBeGreaterThanOrEqual(300);
    expect(lines.map(({ seen }) => seen)).toEqual(lines.map((_, i) => i + 1));
    expect((JSON.parse(written.stdout) as { grown: number }).grown).toBeLessThan(15);
    expect(printed.stderr.match(/Executing/g)!.length).toBeLessThan(100);
    expect(printed.stderr).toMatch(/\(\d+ more since the last report\)/);
  });
});

describe('a job that must be stopped says where its worker was', () => {
  interface Told {
    message: string;
    stack?: { file: string; line: number; fn: string }[];
    code: string;
  }
  const overdue = async (...args: string[]): Promise<Record<'late' | 'killed' | 'child', Told>> => {
    const { stdout, stderr } = await new Program(['--import', 'tsx', fixture('overdue.ts'), ...args]).ended;
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as Record<'late' | 'killed' | 'child', Told>;
  };

  test('when its time is up, and when it is killed; of a child process nobody can tell', async () => {
    const { late, killed, child } = await overdue();
    const line = lineOf('crunch', 'overdue.ts');
    expect(late.code).toBe('OFFLOOP_TIMEOUT');
    expect(late.message).toMatch(new RegExp(`timeout of 300 ms; its worker was at .*/overdue\\.ts:${line}:\\d+ `));
    expect(late.stack?.[0]).toMatchObject({ file: fixture('overdue.ts'), line });
    expect(killed.code).toBe('OFFLOOP_CANCELLED');
    expect(killed.stack?.[0]).toMatchObject({ line: lineOf('sleep', 'overdue.ts'), fn: expect.stringContaining('in Atomics.wait') });
    expect(child).toEqual({ code: 'OFFLOOP_TIMEOUT', message: expect.stringMatching(/timeout of 300 ms$/) });
  });

  test('not without a monitor', async () => {
    for (const told of Object.values(await overdue('without'))) expect(told.stack).toBeUndefined();
  });
});

test('DB-09: debug mode tells of a slow task in asyncio’s words, with the line and where it was made', async () => {
  const { stderr } = await new Program(['--import', 'tsx', fixture('slow-task.ts')], { OFFLOOP_DEBUG: '1' }).ended;
  expect(stderr).toMatch(
    /Executing <Task #\d+ name="crunch" running at test\/fixtures\/monitor\/slow-task\.ts:7 created at test\/fixtures\/monitor\/slow-task\.ts:14> took 0\.3\d* seconds\n {2}blocked at test\/fixtures\/monitor\/slow-task\.ts:7:\d+ burn/,
  );
  expect(stderr).toMatch(/1 task was still pending when the process exited:\n {2}<Task #\d+ "main" running>, created at/);
});
