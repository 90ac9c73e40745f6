/** `offloop dump` on real processes that are wedged in real ways, on every Node line at hand. Each must live on. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { StackFrame } from '../../src/base/slow-report.ts';
import { listenersOf } from '../../src/cli/listeners.ts';
import type { ProcessDump } from '../../src/cli/threads.ts';
import { isUserFile } from '../../src/monitor/frames.ts';
import { offloop } from '../support/cli.ts';
import { fixture, lineOf, nodes, pause, Target } from '../support/wedged.ts';

afterEach(() => Target.end());

interface Dump extends ProcessDump {
  pid: number;
  inspector: { port: number; opened: boolean; closed: boolean };
}

async function dump(target: Target, ...options: string[]): Promise<Dump> {
  const { code, stdout, stderr } = await offloop(['dump', String(target.pid), '--json', '--timeout', '20000', ...options]);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Dump;
}

const userFrame = ({ stack }: { stack: readonly StackFrame[] }): StackFrame | undefined => stack.find(({ file }) => isUserFile(file));

// Without /proc it is not known what a process catches and where it listens: only the way in is the same.
const onLinux = process.platform === 'linux';

describe.runIf(process.platform !== 'win32').each(nodes)('on Node %s', (_, node) => {
  test.each([
    ['a loop', 'loop', 'spin', 'spin'],
    ['a loop behind an await', 'afterwards', 'spin', 'spin'],
    ['a regular expression', 'regex', 'regex', 'regex'],
    ['Atomics.wait', 'wait', 'wait', 'wait'],
  ])('%s: the exact line, and the inspector is closed again', async (_, kind, fn, mark) => {
    const target = await Target.node('wedged.cjs', [kind], { node }).printed('now');
    const { pid, threads, inspector } = await dump(target);
    expect(pid).toBe(target.pid);
    expect(threads).toHaveLength(1);
    expect(threads[0]).toMatchObject({ id: 0, state: 'running' });
    expect(userFrame(threads[0]!)).toMatchObject({ fn, file: fixture('wedged.cjs'), line: lineOf('wedged.cjs', mark) });
    expect(inspector).toMatchObject({ opened: true, closed: true });
    if (onLinux) expect(listenersOf(target.pid)).toEqual([]);
    expect(target.alive).toBe(true);
    expect(userFrame((await dump(target)).threads[0]!)).toMatchObject({ fn }); // and it can be asked again
  });

  test('a healthy process is idle, is told what it lives for, and its loop goes on turning', async () => {
    const target = await Target.node('wedged.cjs', ['idle'], { node }).printed('now');
    const { threads, node: version } = await dump(target);
    expect(threads).toMatchObject([{ state: 'idle', stack: [] }]);
    expect(threads[0]!.resources).toHaveProperty('Timeout');
    expect(version).toBe(execFileSync(node, ['--version'], { encoding: 'utf8' }).trim());
    await target.turns();
  });

  test.runIf(onLinux)('what a flag or the permission model keeps from catching the signal is not sent it', async () => {
    const [major = 0] = execFileSync(node, ['--version'], { encoding: 'utf8' }).slice(1).split('.').map(Number);
    const permission = major < 22 ? '--experimental-permission' : '--permission';
    const flags = [[permission, '--allow-fs-read=*'], ...(major < 22 ? [] : [['--disable-sigusr1']])];
    for (const words of flags) {
      const target = await Target.node('wedged.cjs', ['idle'], { node, flags: words }).printed('now');
      const { code, stderr } = await offloop(['dump', String(target.pid)]);
      expect(code).toBe(3);
      expect(stderr).toMatch(
        /does not catch SIGUSR1 \((?:it was started with --disable-sigusr1|the permission model forbids it an inspector)\).*nothing was sent/,
      );
      await target.turns();
    }
  });

  test('workers are shown too, also while the main thread is wedged', async () => {
    const target = await Target.node('workers.mjs', [], { node }).printed('now');
    const { threads } = await dump(target);
    const states = threads.map((thread) => [thread.id, thread.state, userFrame(thread)?.fn, userFrame(thread)?.line]);
    const line = lineOf('workers.mjs', 'grind');
    expect(states.slice(0, 2)).toEqual([
      [0, 'running', 'grind', line],
      [1, 'running', 'grind', line],
    ]);
    expect(threads.slice(2)).toMatchObject([{ state: 'running' }, { state: 'idle' }]);
    expect(threads[2]!.stack[0]).toMatchObject({ fn: 'Atomics.wait', file: '' });
    expect(target.alive).toBe(true);
  });
});

describe('a line of TypeScript is that of the source', () => {
  test('under tsx', async () => {
    const target = await Target.node('typed.ts', [], { flags: ['--inspect-port=0', '--import', 'tsx'] }).printed('now');
    await pause(300); // the loop of the timer begins
    expect(userFrame((await dump(target)).threads[0]!)).toMatchObject({
      fn: 'spin',
      file: fixture('typed.ts'),
      line: lineOf('typed.ts', 'typed'),
    });
  });
});

test('a program whose Error is frozen is shown as text', async () => {
  const target = await Target.node('wedged.cjs', ['loop'], { flags: ['--inspect-port=0', '--frozen-intrinsics', '--no-warnings'] }).printed(
    'now',
  );
  const { threads } = await dump(target);
  const text = threads[0]!.text ?? JSON.stringify(threads[0]!.stack);
  expect(text).toContain('spin');
});

describe.runIf(onLinux)('what cannot be asked is told in one line, with exit code 3, and is not touched', () => {
  const refused = async (target: Target, ...options: string[]): Promise<string> => {
    const { code, stdout, stderr } = await offloop(['dump', String(target.pid), ...options]);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect(target.alive).toBe(true);
    expect(target.stderr).toBe('');
    return stderr;
  };

  test('a program that is not Node, which SIGUSR1 would kill', async () => {
    expect(await refused(new Target('sleep', ['60']))).toMatch(/process \d+ is not Node: it runs \S+/);
  });

  test('a stopped process, which would not answer', async () => {
    const target = await Target.node('wedged.cjs', ['idle']).printed('now');
    target.child.kill('SIGSTOP');
    while (!/\) T /.test(readFileSync(`/proc/${target.pid}/stat`, 'utf8'))) await pause(5); // a loaded machine takes its time
    expect(await refused(target)).toContain(`is stopped (SIGSTOP, or Ctrl-Z): continue it first, kill -CONT ${target.pid}`);
    target.child.kill('SIGCONT');
    await target.turns();
  });

  test('a main thread in execSync: for which child process it waits', async () => {
    const target = await Target.node('wedged.cjs', ['exec']).printed('now');
    await pause(300);
    expect(await refused(target)).toMatch(
      /waits in a synchronous call \(execSync, spawnSync\) for process \d+ \(.*sleep 60\).*nothing was sent/,
    );
  });

  test('a main thread in a synchronous read that does not return: in which call', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'offloop-fifo-'));
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    const target = await Target.node('wedged.cjs', ['file', join(folder, 'fifo')]).printed('now');
    await pause(300);
    expect(await refused(target)).toMatch(/sleeps in the native call open(?:at)?: no JavaScript is reached.*nothing was sent/);
    rmSync(folder, { recursive: true });
  });

  test('a port that somebody else has: who', async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const target = await Target.node('wedged.cjs', ['loop'], { flags: [`--inspect-port=${port}`] }).printed('now');
    expect(await refused(target)).toContain(`port ${port} is taken by process ${process.pid} (`);
    await new Promise((closed) => server.close(closed));
    expect((await dump(target)).inspector.port).toBe(port);
  });

  test('one of its threads', async () => {
    const target = await Target.node('wedged.cjs', ['idle']).printed('now');
    const { readdirSync } = await import('node:fs');
    const thread = readdirSync(`/proc/${target.pid}/task`).find((id) => id !== String(target.pid))!;
    expect(await offloop(['dump', thread])).toMatchObject({
      code: 3,
      stderr: `offloop: ${thread} is a thread of process ${target.pid}: ask for that\n`,
    });
  });
});

describe.runIf(onLinux)('a signal that is caught without an answer', () => {
  test('by a listener of the program: it lives on', async () => {
    const target = await Target.node('wedged.cjs', ['handler']).printed('now');
    const { code, stderr } = await offloop(['dump', String(target.pid), '--timeout', '700']);
    expect(code).toBe(3);
    expect(stderr).toContain('no inspector came within 700 ms');
    await target.printed('mine');
    await target.turns();
  });

  test('in a native call that computes: later it answers, and --close closes what has opened', async () => {
    const target = await Target.node('wedged.cjs', ['compute']).printed('now');
    const { code, stderr } = await offloop(['dump', String(target.pid), '--timeout', '300']);
    expect(code).toBe(3);
    expect(stderr).toContain('computes in a native call');
    await target.printed('Debugger listening', 'stderr');
    await offloop(['dump', String(target.pid), '--close', '--timeout', '20000']);
    await target.turns();
    await offloop(['dump', String(target.pid), '--close', '--timeout', '20000']);
    expect(listenersOf(target.pid)).toEqual([]);
  });
});

describe.runIf(onLinux)('an inspector that was open before', () => {
  test('is used, and left open, which is said', async () => {
    const target = await Target.node('wedged.cjs', ['loop'], { flags: ['--inspect=0'] }).printed('now');
    const { code, stdout, stderr } = await offloop(['dump', String(target.pid), '--timeout', '20000']);
    expect(code).toBe(0);
    expect(stdout).toContain(`    spin (test/fixtures/cli/wedged.cjs:${lineOf('wedged.cjs', 'spin')}:`);
    expect(stderr).toMatch(/Its inspector was open before, on port \d+, and stays open/);
    expect(listenersOf(target.pid)).toHaveLength(1);
  });

  test('is closed on demand', async () => {
    const target = await Target.node('wedged.cjs', ['loop'], { flags: ['--inspect=0'] }).printed('now');
    expect((await dump(target, '--close')).inspector).toMatchObject({ opened: false, closed: true });
    expect(listenersOf(target.pid)).toEqual([]);
    expect(target.alive).toBe(true);
  });
});
