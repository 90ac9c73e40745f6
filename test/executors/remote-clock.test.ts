import { expect, it } from 'vitest';
import { ServerClock } from '../../src/executors/remote-clock.ts';

const answering = (ahead: number) => ({
  time: () => Promise.resolve([String(Math.floor((Date.now() + ahead) / 1000)), ((Date.now() + ahead) % 1000) * 1000]),
});

it('is this machine’s until the server was asked, then the server’s', async () => {
  const clock = new ServerClock();
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1000);
  await clock.sync(answering(3_600_000));
  expect(Math.abs(clock.now() - Date.now() - 3_600_000)).toBeLessThan(1000);
});

it('does not believe an answer that took long, when it has a quick one', async () => {
  const clock = new ServerClock();
  await clock.sync(answering(0));
  const slow = { time: () => new Promise<string[]>((resolve) => setTimeout(resolve, 100, ['0', '0'])) };
  await clock.sync(slow);
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1000);
});

it('tells how far this machine’s is off, when that is more than kept clocks ever are', async () => {
  const clocks = await Promise.all(
    [100, -3_600_000, 3_600_000].map(async (ahead) => {
      const clock = new ServerClock();
      await clock.sync(answering(ahead));
      return clock;
    }),
  );
  expect(clocks.map((clock) => clock.complaints().join())).toEqual([
    '',
    expect.stringMatching(/clock is 3(600|599)\.\d s ahead of the server/),
    expect.stringMatching(/clock is 3(600|599)\.\d s behind the server/),
  ]);
});
