/** Real signals, sent to processes of their own. */
import { describe, expect, test } from 'vitest';
import { Child } from '../support/child.ts';

async function ready(name: string): Promise<Child> {
  const child = new Child('loop/signals', name);
  await child.printed('ready');
  return child;
}

describe.skipIf(process.platform === 'win32')('openSignalReceiver', () => {
  test('hands out signals as they come, keeps the process alive meanwhile, and lets it end when the loop is left', async () => {
    const child = await ready('loop');
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (const [signal, n] of [['SIGHUP', 1], ['SIGUSR2', 2], ['SIGHUP', 3]] as const) {
      child.process.kill(signal);
      if (n < 3) await child.printed(['ready', 'SIGHUP', 'SIGUSR2'].slice(0, n + 1).join('\n'));
    }
    expect(await child.ended).toEqual({ code: 0, signal: null, stdout: 'ready\nSIGHUP\nSIGUSR2\nSIGHUP\n', stderr: '' });
  }); // prettier-ignore

  test('inside run(), Ctrl-C ends the loop over it in order', async () => {
    const child = await ready('run');
    child.process.kill('SIGUSR2');
    await child.printed('SIGUSR2');
    child.process.kill('SIGINT');
    expect(await child.ended).toEqual({ code: 130, signal: null, stdout: 'ready\nSIGUSR2\n', stderr: '' });
  });

  test('a signal that came and was not received has its usual effect when the receiver closes', async () => {
    const child = await ready('unreceived');
    child.process.kill('SIGHUP');
    expect(await child.ended).toMatchObject({ code: null, signal: 'SIGHUP' });
  });

  test('unless somebody else heard it', async () => {
    const child = await ready('heard elsewhere');
    child.process.kill('SIGHUP');
    expect(await child.ended).toEqual({ code: 0, signal: null, stdout: 'ready\nheard\n', stderr: '' });
  });
});
