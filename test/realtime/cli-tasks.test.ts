/** `offloop ps`, `pstree` and `top` on real programs: healthy, wedged, and such as know nothing of offloop. */
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import type { TaskRow } from '../../src/debug/task-table.ts';
import type { Reading } from '../../src/cli/top-text.ts';
import { listenersOf } from '../../src/cli/listeners.ts';
import { isUserFile } from '../../src/monitor/frames.ts';
import { offloop } from '../support/cli.ts';
import { fixture, lineOf, Target } from '../support/wedged.ts';

afterEach(() => Target.end());

const preload = pathToFileURL(fixture('../../../src/monitor/preload.ts')).href;
const patience = ['--timeout', '20000'];

async function start(kind: string, ...imports: string[]): Promise<Target> {
  const flags = ['--inspect-port=0', '--import', 'tsx', ...imports.flatMap((url) => ['--import', url])];
  return Target.node('tasks.ts', [kind], { flags }).printed('now');
}

async function rowsOf(target: Target): Promise<TaskRow[]> {
  const { code, stdout, stderr } = await offloop(['ps', String(target.pid), '--json', ...patience]);
  expect([code, stderr]).toEqual([0, '']);
  return (JSON.parse(stdout) as { tables: { tasks: TaskRow[] }[] }).tables[0]!.tasks;
}

describe.runIf(process.platform !== 'win32')('ps and pstree', () => {
  test.each([
    ['a healthy program', 'healthy'],
    ['a program whose loop is blocked for good', 'wedge'],
  ])('show the tasks of %s, which goes on', async (_, kind) => {
    const target = await start(kind);
    const rows = await rowsOf(target);
    const ids = new Map(rows.map(({ id, name }) => [id, name]));
    const shown = rows.map(({ name, waitingOn, parent }) => [name, waitingOn, parent === null ? null : ids.get(parent)]);
    expect(shown.slice(1)).toEqual([
      ['reader', 'Queue.get', rows[0]!.name],
      ['outer', 'task group "inner"', rows[0]!.name],
      ['deep', 'sleep for ever', 'outer'],
    ]);
    expect(shown[0]!.slice(1)).toEqual(['task group "main group"', null]);
    const { stdout } = await offloop(['pstree', String(target.pid), ...patience]);
    expect(stdout).toMatch(/├── #\d+ "reader", running, waits for Queue\.get\n {4}└── #\d+ "outer".*\n {8}└── #\d+ "deep"/);
    expect(target.alive).toBe(true);
    if (kind === 'healthy') await target.turns();
    if (process.platform === 'linux') expect(listenersOf(target.pid)).toEqual([]);
  });

  test('tell of tasks that wait for each other', async () => {
    const { stdout } = await offloop(['pstree', String((await start('circle')).pid), ...patience]);
    expect(stdout).toMatch(/These tasks wait for each other.*\n {2}#\d+ "(?:hen|egg)" waits for #\d+ "(?:hen|egg)" waits for/);
  });

  test('know in debug mode where tasks were made and where they wait', async () => {
    const target = await start('debug');
    const reader = (await rowsOf(target)).find(({ name }) => name === 'reader')!;
    expect(reader.createdAt).toMatch(/tasks\.ts:\d+:\d+$/);
    expect(reader.stack[0]).toMatch(/tasks\.ts:\d+:\d+/);
    const { stdout } = await offloop(['ps', String(target.pid), ...patience]);
    expect(stdout).toMatch(/CREATED AT\n/);
    expect(stdout).toMatch(/reader .*test\/fixtures\/cli\/tasks\.ts:\d+\n/);
  });
});

describe.runIf(process.platform !== 'win32')('top', () => {
  test('shows lag, blocks and tasks of a program with a monitor', async () => {
    const target = await start('healthy', preload);
    const { code, stdout } = await offloop(['top', String(target.pid), '--once', '--json', ...patience]);
    expect(code).toBe(0);
    const reading = JSON.parse(stdout) as Reading;
    expect(reading).toMatchObject({ v: 1, pid: target.pid, tasks: 4, broken: [] });
    expect(reading.monitors).toHaveLength(1);
    expect(reading.monitors[0]!.delay.count).toBeGreaterThan(0);
    const text = (await offloop(['top', String(target.pid), '--once', ...patience])).stdout;
    for (const line of [/^loop +busy \d+ %/m, /^delay +p50 /m, /^blocks +\d/m, /^memory +heap /m, /^gc +\d+ runs/m, /^tasks +4$/m])
      expect(text).toMatch(line);
  });

  test('shows the line of a blocked loop, and how late it is', async () => {
    const target = await start('wedge', preload);
    await new Promise((resolve) => setTimeout(resolve, 200)); // it may have been asked as soon as it was blocked
    const { stdout } = await offloop(['top', String(target.pid), '--once', '--json', ...patience]);
    const { frames, monitors } = JSON.parse(stdout) as Reading;
    const where = frames.find(({ file }) => isUserFile(file))!;
    expect(where.source ?? where).toMatchObject({ line: lineOf('tasks.ts', 'wedge') });
    expect(monitors[0]!.delay.max).toBeGreaterThan(100);
  });

  test('goes on until the program ends, and says so', async () => {
    const target = await start('healthy', preload);
    const watching = offloop(['top', String(target.pid), '--interval', '100', '--json', ...patience]);
    await target.printed('Debugger attached', 'stderr');
    setTimeout(() => target.child.kill('SIGTERM'), 600);
    const { code, stdout, stderr } = await watching;
    expect([code, stderr]).toEqual([0, `process ${target.pid} has ended\n`]);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as Reading).pid),
    ).toContain(target.pid);
    expect(await target.ended).toEqual({ code: 143, signal: null });
  });

  test('ends on a signal, and leaves no inspector open', async () => {
    const target = await start('healthy', preload);
    const watching = offloop(['top', String(target.pid), '--interval', '100', ...patience]);
    await target.printed('Debugger attached', 'stderr');
    setTimeout(() => process.emit('SIGINT'), 400);
    expect(await watching).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('loop') });
    if (process.platform === 'linux') expect(listenersOf(target.pid)).toEqual([]);
    await target.turns();
  });
});

describe.runIf(process.platform !== 'win32')('a program that has not loaded offloop', () => {
  test.each([
    ['ps', /has not loaded offloop: it has no tasks to show \(offloop dump \d+ shows its stacks\)\n$/],
    ['pstree', /has not loaded offloop/],
    ['top', /has not loaded offloop: start it with offloop run, or node --import offloop\/monitor\n$/],
  ])('%s says so in one line, with exit code 1', async (command, message) => {
    const target = await Target.node('wedged.cjs', ['idle']).printed('now');
    const { code, stdout, stderr } = await offloop([command, String(target.pid), ...patience]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd()).not.toContain('\n');
    await target.turns();
  });

  test('but only its monitor: top works, ps says that there are no tasks to show', async () => {
    const flags = ['--inspect-port=0', '--import', 'tsx', '--import', preload];
    const target = await Target.node('wedged.cjs', ['idle'], { flags }).printed('now');
    expect((await offloop(['top', String(target.pid), '--once', ...patience])).stdout).toMatch(/^delay +p50/m);
    expect(await offloop(['ps', String(target.pid), ...patience])).toMatchObject({ code: 1 });
  });
});
