/** The monitor in programs of their own: what it finds, and that it harms none of them, however they end. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SlowReport } from '../../src/base/slow-report.ts';
import type { Line } from '../../src/report/model.ts';
import { build, repository } from '../fixtures/far-side/harness.ts';

const fixture = (name: string): string => join(repository, 'test/fixtures/monitor', name);
const temporary = mkdtempSync(join(tmpdir(), 'offloop-monitor-'));
let preload: string;
beforeAll(async () => {
  preload = pathToFileURL(join(await build(), 'dist/src/monitor/preload.js')).href;
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

const lineOf = (name: string): number =>
  1 +
  readFileSync(fixture('blocks.ts'), 'utf8')
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
    expect(report).toMatchObject({ confidence: 'exact', where: { fn: 'burn', file: fixture('blocks.ts'), line: lineOf('burn') } });
    expect(report.cause).toMatch(/javascript|cpu-starved/); // the machine may be loaded
    expect(report.duration).toBeGreaterThanOrEqual(300);
    expect(report.message).toContain('hint: offload it — export const burn = offload(import.meta, …)');
  });

  test.each([
    ['derive', 'crypto.pbkdf2Sync'],
    ['sleep', 'child_process.execSync'],
    ['wait', 'Atomics.wait'],
  ])('of the native call in %s', async (kind, native) => {
    const report = await reportOf(kind);
    expect(report).toMatchObject({ confidence: 'exact', where: { file: fixture('blocks.ts'), native } });
    if (kind !== 'derive' && process.platform === 'linux') expect(report.cause).toBe('sync-wait');
  });

  test('of many callbacks, none of which is long', async () => {
    expect(await reportOf('many')).toMatchObject({ cause: 'many-callbacks', where: { fn: 'burn' } });
  });
});

describe('a program ends as it would have without a monitor', () => {
  test('an endless loop is told of while it lasts', async () => {
    const program = blocks('forever');
    const stderr = await program.saw(/still blocked after 1\.\d seconds.*\n.*samples/);
    expect(stderr).toContain(`blocked at test/fixtures/monitor/blocks.ts:${lineOf('burn')}:`);
    program.child.kill('SIGKILL');
    expect(await program.ended).toMatchObject({ signal: 'SIGKILL' });
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
    expect(stderr).toMatch(/Executing <callback> took 0\.\d+ seconds\n {2}blocked at test\/fixtures\/monitor\/hogs\.cjs:5:\d+ crunch/);
    expect(stderr).toContain('hogs.cjs:10 onTimer');
  });

  test('writes a log, and then no text', async () => {
    const log = join(temporary, 'lag.ndjson');
    const { stderr } = await hogs({ OFFLOOP_MONITOR: `watch,threshold=150,log=${log}` }).ended;
    const lines = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
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
    expect(stderr).toMatch(/Executing <callback> took 0\.3\d* seconds\n {2}cause: /);
  });

  test('without leave to start a thread, it says so, and does no harm', async () => {
    const { code, stdout, stderr } = await hogs({}, permission, '--allow-fs-read=*').ended;
    expect([code, stdout]).toEqual([0, 'done\n']);
    expect(stderr.match(/The lag monitor cannot tell which line blocks: the permission model allows no worker/g)).toHaveLength(1);
  });

  test('an open inspector, frozen intrinsics and source maps do not disturb it, nor it them', async () => {
    for (const flag of ['--inspect=0', '--frozen-intrinsics', '--enable-source-maps']) {
      const { code, stdout, stderr } = await hogs({}, flag).ended;
      expect([flag, code, stdout]).toEqual([flag, 0, 'done\n']);
      expect(stderr).toMatch(/took 0\.3\d* seconds/);
    }
  });
});

test('DB-09: debug mode tells of a slow task in asyncio’s words, with the line and where it was made', async () => {
  const { stderr } = await new Program(['--import', 'tsx', fixture('slow-task.ts')], { OFFLOOP_DEBUG: '1' }).ended;
  expect(stderr).toMatch(
    /Executing <Task #\d+ name="crunch" running at test\/fixtures\/monitor\/slow-task\.ts:7 created at test\/fixtures\/monitor\/slow-task\.ts:14> took 0\.3\d* seconds\n {2}blocked at test\/fixtures\/monitor\/slow-task\.ts:7:\d+ burn/,
  );
  expect(stderr).toMatch(/1 task was still pending when the process exited:\n {2}<Task #\d+ "main" running>, created at/);
});
