/** The timers of policies, in processes of their own: they live as long as somebody waits, and no longer. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { run } from '../../src/core/run.ts';
import { now } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { RateLimiter } from '../../src/resilience/rate-limiter.ts';
import { Child } from '../support/child.ts';

const program = fileURLToPath(new URL('../fixtures/resilience/alive.ts', import.meta.url));

it('what nobody waits for keeps no process alive: a paused limiter, an open circuit, an idle resource', async () => {
  const began = performance.now();
  expect(await new Child(program, 'idle').ended).toEqual({ code: 0, signal: null, stdout: '1 idle\n', stderr: '' });
  expect(performance.now() - began).toBeLessThan(30_000); // each of their timers would be 60 s
});

it.each([
  ['limiter', 'admitted\n'],
  ['pause', 'admitted\n'],
  ['create', 'refused\ngot 7\n'],
  ['patience', 'TimeoutError\n'],
  ['retry', 'up\n'],
])('a waiter lives to see its turn: %s', async (mode, stdout) => {
  expect(await new Child(program, mode).ended).toEqual({ code: 0, signal: null, stdout, stderr: '' });
});

it('an idle resource is destroyed in time while something else keeps the process alive', async () => {
  expect(await new Child(program, 'evict').ended).toMatchObject({ code: 0, stdout: 'evicted\n' });
});

it.each(['token-bucket', 'sliding-window'] as const)('on the real clock a %s admits none too early', (algorithm) =>
  run(
    async () => {
      const limiter = new RateLimiter({ rate: 5, per: 40, algorithm });
      const begun = now();
      const times: number[] = [];
      await withTaskGroup((tg) => {
        for (let i = 0; i < 40; i++) tg.spawn(() => limiter.acquire().then(() => times.push(now() - begun)));
      });
      const earliest = times.map((_, i) => (algorithm === 'token-bucket' ? Math.max(0, i - 4) * 8 : Math.floor(i / 5) * 40));
      expect(times.map((t, i) => t >= (earliest[i] as number))).toEqual(times.map(() => true));
      expect(times).toHaveLength(40);
    },
    { signals: false },
  ),
);
