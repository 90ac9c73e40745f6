import { Session } from 'node:inspector';
import { expect, test, vi } from 'vitest';
import { clock, hub } from '../../src/monitor/hub.ts';
import type { CpuProfile } from '../../src/monitor/profile.ts';
import { RollingProfile } from '../../src/monitor/rolling-profile.ts';
import type { ProfilerSession } from '../../src/monitor/rolling-profile.ts';

function played() {
  let hear: (message: { params: { title: string; profile: CpuProfile } }) => void = () => {};
  const evaluated: string[] = [];
  const session: ProfilerSession = {
    post: (_method, params) => void (params !== undefined && 'expression' in params && evaluated.push(params.expression as string)),
    on: (_event, listener) => (hear = listener),
  };
  const stage = {
    now: 0,
    evaluated,
    finish: (title: string) => hear({ params: { title, profile: { nodes: [], startTime: 0, endTime: 0 } } }),
  };
  return Object.assign(stage, { rolling: new RollingProfile(session, { interval: 5, clock: () => stage.now }) });
}

test('the next window begins before the last one ends, every two seconds of calm', () => {
  const stage = played();
  stage.now = 1999;
  stage.rolling.tick(true);
  stage.now = 2000;
  stage.rolling.tick(false);
  expect(stage.evaluated).toEqual([expect.stringContaining('profile("offloop 0",)')]);
  stage.rolling.tick(true);
  expect(stage.evaluated.at(-1)).toContain('profile("offloop 1","offloop 0")');
});

test('a stretch waits for its window, not for one that the program made', async () => {
  const stage = played();
  let done = false;
  const functions = stage.rolling.over(0, 100).then((f) => ((done = true), f));
  stage.finish('mine');
  await Promise.resolve();
  expect(done).toBe(false);
  stage.finish('offloop 0');
  expect(await functions).toEqual({ functions: [], seen: [] });
});

test('a profiler that does not answer holds nobody up', async () => {
  vi.useFakeTimers();
  const functions = played().rolling.over(0, 100);
  await vi.advanceTimersByTimeAsync(1000);
  expect(await functions).toEqual({ functions: [], seen: [] });
  vi.useRealTimers();
});

test('of a real profiler it learns the function that took the time', async () => {
  hub();
  const session = new Session();
  session.connect();
  const rolling = new RollingProfile(session as unknown as ProfilerSession, { interval: 1, clock });
  const start = clock();
  (function busy() {
    for (const end = clock() + 100; clock() < end;);
  })();
  const { functions, seen } = await rolling.over(start, clock());
  session.disconnect();
  expect(seen.filter(({ idle }) => !idle).length).toBeGreaterThan(20);
  expect(functions[0]).toMatchObject({ fn: expect.stringMatching(/busy|clock/), file: expect.stringContaining('monitor') });
});
