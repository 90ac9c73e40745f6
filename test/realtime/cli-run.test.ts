/** The built `offloop` command as a user starts it: `run` must be, to the program and to the shell, as if it were not there. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { childrenOf } from '../../src/cli/proc.ts';
import type { Line } from '../../src/report/model.ts';
import { isBlock } from '../../src/report/model.ts';
import { build } from '../fixtures/far-side/harness.ts';
import { fixture, lineOf, pause, Target } from '../support/wedged.ts';

const temporary = mkdtempSync(join(tmpdir(), 'offloop-cli-'));
let main: string;
beforeAll(async () => {
  main = join(await build({ bundled: true }), 'dist/src/cli/main.js');
});
afterEach(() => Target.end());
afterAll(() => rmSync(temporary, { recursive: true }));

const app = fixture('app.cjs');
const offloop = (...args: string[]): Target => new Target(process.execPath, [main, ...args]);
const run = (...args: string[]): Target => offloop('run', app, ...args);
/** SIGKILL would end the command only: nobody could pass that on. */
async function stop(target: Target): Promise<void> {
  target.child.kill('SIGTERM');
  expect(await target.ended).toEqual({ code: null, signal: 'SIGTERM' });
}
const onUnix = process.platform !== 'win32';

describe('the program', () => {
  test('gets its arguments, flags of its own included', async () => {
    const target = run('args', '--debug', '--', 'two words', '--help');
    expect(await target.ended).toEqual({ code: 0, signal: null });
    expect([target.stdout, target.stderr]).toEqual(['["--debug","--","two words","--help"] 1 no debug\n', '']);
  });

  test('is told by the environment what the options say', async () => {
    const target = offloop('run', '--debug', '--threshold', '40', '--log', join(temporary, 'x.ndjson'), app, 'args');
    await target.ended;
    expect(target.stdout).toBe(`[] debug,threshold=40,log=${join(temporary, 'x.ndjson')} 1\n`);
  });

  test('reads stdin, and writes stdout', async () => {
    const target = run('echo');
    target.child.stdin!.end('through and through\n');
    await target.ended;
    expect(target.stdout).toBe('through and through\n');
  });

  test('ends with its exit code, an error included', async () => {
    expect(await run('exit', '7').ended).toEqual({ code: 7, signal: null });
    const target = run('throw');
    expect(await target.ended).toEqual({ code: 1, signal: null });
    expect(target.stderr).toContain('on purpose');
  });

  test.runIf(onUnix)('dies of its signal, or ends with 128 + n where that would dump core twice', async () => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) expect(await run('die', signal).ended).toEqual({ code: null, signal });
    expect(await run('die', 'SIGABRT').ended).toEqual({ code: 134, signal: null });
  });

  test.runIf(onUnix).each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const)('gets %s once, and ends as it likes', async (signal) => {
    const target = await run('signals').printed('ready');
    target.child.kill(signal);
    expect(await target.ended).toEqual({ code: 5, signal: null });
    expect(target.stdout).toContain(`saw ${signal}\n`);
  });

  test.runIf(onUnix)('without a listener dies of a signal that was sent to the command', async () => {
    const target = await run('wait').printed('ready');
    target.child.kill('SIGTERM');
    expect(await target.ended).toEqual({ code: null, signal: 'SIGTERM' });
  });

  // util-linux: a terminal of its own, whose Ctrl-C goes to the command and to the program.
  test.runIf(process.platform === 'linux' && existsSync('/usr/bin/script'))('gets Ctrl-C in a terminal once', async () => {
    const target = new Target('/usr/bin/script', ['-qec', `exec ${process.execPath} ${main} run ${app} signals`, '/dev/null']);
    await target.printed('ready');
    target.child.stdin!.write('\x03');
    expect((await target.ended).code).toBe(5);
    expect(target.stdout).toMatch(/saw SIGINT\r?\n/);
  });
});

describe('the monitor', () => {
  test('tells the line of a block, on stderr', async () => {
    const target = run('block');
    await target.ended;
    expect(target.stderr).toContain(`blocked at test/fixtures/cli/app.cjs:${lineOf('app.cjs', 'burn')}:`);
  });

  test('writes a log, which report reads', async () => {
    const log = join(temporary, 'lag.ndjson');
    const target = offloop('run', '--log', log, app, 'block');
    await target.ended;
    expect(target.stderr).toBe('');
    const blocks = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
      .filter(isBlock);
    expect(blocks.length).toBeGreaterThan(0);
    for (const args of [
      ['report', log],
      ['report', '-'],
    ]) {
      const report = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', input: readFileSync(log) });
      expect([report.status, report.stderr]).toEqual([0, '']);
      expect(report.stdout).toContain(`app.cjs:${lineOf('app.cjs', 'burn')} burn`);
    }
  });

  test('tells of each block once in debug mode, where run() would have a monitor of its own', async () => {
    const program = join(temporary, 'twice.mjs');
    symlinkSync(join(main, '../../..'), join(temporary, 'dist'));
    const burn = 'for (const end = performance.now() + 300; performance.now() < end;);';
    writeFileSync(
      program,
      `import { run, sleep } from './dist/src/index.js';\nawait run(async function payroll() { await sleep(1500); ${burn} await sleep(200); });`,
    );
    const target = offloop('run', '--debug', program);
    await target.ended;
    expect(target.stderr.match(/payroll.* took /g)).toHaveLength(1);
  });
});

describe('TypeScript', () => {
  test('runs, with tsx where Node needs it', async () => {
    const target = await offloop('run', fixture('typed.ts')).printed('now');
    await stop(target);
  });

  test('that this Node does not run, without tsx, is told in one line', async () => {
    const lonely = join(await build({ tsx: false, bundled: true }), 'dist/src/cli/main.js');
    const folder = mkdtempSync(join(temporary, 'no-tsx-'));
    writeFileSync(join(folder, 'a.tsx'), 'console.log(1);');
    const { status, stderr } = spawnSync(process.execPath, [lonely, 'run', 'a.tsx'], { cwd: folder, encoding: 'utf8' });
    expect([status, stderr]).toEqual([
      1,
      'offloop: run: Node runs no .tsx files by itself, and tsx is not installed: npm install --save-dev tsx\n',
    ]);
  });
});

describe('the command itself', () => {
  test.runIf(onUnix)('is silent when nobody reads on', () => {
    for (const args of ['--help', 'run --help']) {
      const { stdout, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${main}" ${args} | head -1`], { encoding: 'utf8' });
      expect([stdout.split('\n').length, stderr]).toEqual([2, '']);
    }
  });

  test('asks its program when its own id is given', async () => {
    if (process.platform !== 'linux') return;
    const target = await run('wait').printed('ready');
    const [program] = childrenOf(target.pid);
    await pause(200);
    const { pid, threads } = JSON.parse(
      execFileSync(process.execPath, [main, 'dump', '--json', String(target.pid)], { encoding: 'utf8' }),
    ) as {
      pid: number;
      threads: { name: string }[];
    };
    expect(pid).toBe(program);
    expect(threads.map(({ name }) => name)).toContain('offloop watchdog');
    await stop(target);
  });
});
