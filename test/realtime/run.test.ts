import { afterEach, describe, expect, it } from 'vitest';
import { Child } from '../support/child.ts';

const children: Child[] = [];
const start = (program: string): Child => {
  const child = new Child('run/program', program);
  children.push(child);
  return child;
};
afterEach(() => {
  for (const child of children.splice(0)) child.process.kill('SIGKILL');
});

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, code) => {
  it(`cancels main, whose cleanup runs; then the process exits with ${code}, without a stack trace`, async () => {
    const child = start('tidy');
    await child.printed('ready');
    child.process.kill(signal);
    expect(await child.ended).toEqual({ code, signal: null, stdout: 'ready\ncleaning up\ncleaned up\n', stderr: '' });
  });

  it.each(['group', 'background'])('cleans up what else it started as well: %s', async (program) => {
    const child = start(program);
    await child.printed('ready');
    child.process.kill(signal);
    const { stdout, stderr, ...end } = await child.ended;
    expect([end, stderr]).toEqual([{ code, signal: null }, '']);
    expect(stdout.match(/cleaned up/g)).toHaveLength(2);
  });

  it('the second time ends the process at once', async () => {
    const child = start('stubborn');
    await child.printed('ready');
    child.process.kill(signal);
    await child.printed('cleaning up');
    await new Promise((resolve) => setTimeout(resolve, 100)); // not the echo of the first
    child.process.kill(signal);
    expect(await child.ended).toEqual({ code, signal: null, stdout: 'ready\ncleaning up\n', stderr: '' });
  });

  it('with a cleanup longer than the grace period lists what is pending, then the process exits (RU-11)', async () => {
    const child = start('slow');
    await child.printed('ready');
    child.process.kill(signal);
    const { stderr, ...end } = await child.ended;
    expect(end).toEqual({ code, signal: null, stdout: 'ready\ncleaning up\n' });
    expect(stderr.replaceAll(/\+\d+ ms/g, 'in a while')).toBe(
      `${signal}: not finished after the grace period of 150 ms; still pending: ` +
        '"main" (cancelling, waiting for sleep until in a while), "flusher" (running, waiting for sleep until in a while)\n',
    );
  });
});

it('a cleanup that waits for nothing does not end the process unheard', async () => {
  const child = start('hung');
  await child.printed('ready');
  child.process.kill('SIGINT');
  const { code, stderr } = await child.ended;
  expect([code, stderr]).toEqual([130, expect.stringContaining('still pending: "main" (cancelling)')]);
});

it('an error in cleanup is reported, and the exit code is that of the signal', async () => {
  const child = start('failing');
  await child.printed('ready');
  child.process.kill('SIGTERM');
  const { code, stderr } = await child.ended;
  expect([code, stderr]).toEqual([143, expect.stringMatching(/^main failed while it was stopped by SIGTERM Error: disk full\n/)]);
});

it('main that swallows the cancellation ends the process all the same', async () => {
  const child = start('swallowing');
  await child.printed('ready');
  child.process.kill('SIGINT');
  expect(await child.ended).toEqual({ code: 130, signal: null, stdout: 'ready\n', stderr: '' });
});

it('other signals are obeyed when they were asked for', async () => {
  const child = start('other signals');
  await child.printed('ready');
  child.process.kill('SIGUSR2');
  expect(await child.ended).toMatchObject({ code: 140, stdout: 'ready\ncleaning up\ncleaned up\n' });
  const other = start('other signals');
  await other.printed('ready');
  other.process.kill('SIGTERM');
  expect(await other.ended).toMatchObject({ code: null, signal: 'SIGTERM' });
});

it('without signals Node does what it does', async () => {
  const child = start('no signals');
  await child.printed('ready');
  child.process.kill('SIGINT');
  expect(await child.ended).toMatchObject({ code: null, signal: 'SIGINT', stdout: 'ready\n' });
});

describe('without a signal', () => {
  it('a sleeping main keeps the process alive, and what follows run() is reached', async () => {
    expect(await start('sleeping').ended).toEqual({ code: 0, signal: null, stdout: 'ready\nafter run: undefined\n', stderr: '' });
  });

  it('a time limit that was not needed does not keep the process alive (TO-05)', async () => {
    const begun = performance.now();
    expect(await start('early end').ended).toMatchObject({ code: 0, stdout: 'ready\nafter run: undefined\n' });
    expect(performance.now() - begun).toBeLessThan(30_000);
  });

  it('a main that throws rejects, and Node prints its stack', async () => {
    const { code, stderr } = await start('throwing').ended;
    expect([code, stderr]).toEqual([1, expect.stringContaining('Error: main is broken')]);
  });

  it.each([
    ['floating', 'Error: main is broken'],
    ['floating in a group', 'Error: a child is broken'],
  ])('calls that nobody awaits end with what they were made in, and hide nothing: %s', async (program, error) => {
    const { code, stderr } = await start(program).ended;
    expect([code, stderr]).toEqual([1, expect.stringContaining(error)]);
    expect(stderr).not.toContain('CancelledError');
  });

  it('another rejection that nobody hears of ends the process as anywhere else', async () => {
    const { code, stdout, stderr } = await start('somebody else’s').ended;
    expect([code, stdout, stderr]).toEqual([1, 'ready\n', expect.stringContaining('Error: nobody hears of it')]);
  });

  it('an end that takes longer than the grace period rejects, and names what is pending (RU-11)', async () => {
    const { code, stderr } = await start('late end').ended;
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('grace period of 100 ms; still pending: "flusher" (cancelling, waiting for sleep until '),
    ]);
  });

  it('a main that only waits for its signal stays alive to see it', async () => {
    const child = start('forever');
    await child.printed('ready');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(child.process.exitCode).toBeNull();
    child.process.kill('SIGTERM');
    expect(await child.ended).toMatchObject({ code: 143, stderr: '' });
  });

  it('without signals, sleeping for ever keeps nothing alive', async () => {
    expect(await start('forever without signals').ended).toMatchObject({ code: 13, stdout: 'ready\n' });
  });
});
