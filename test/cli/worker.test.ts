import { describe, expect, it } from 'vitest';
import { add } from '../fixtures/remote/jobs.ts';
import { offloop } from '../support/cli.ts';
import { freePort, hasRedis } from '../support/redis.ts';
import { remoteBench } from '../support/remote.ts';

it.each<[string, string[], string]>([
  ['no module', ['--url', 'redis://x'], 'worker: too few arguments'],
  ['no server', ['./x.ts'], 'no server: --url, or OFFLOOP_REDIS_URL'],
  ['an unknown option', ['./x.ts', '--ulr', 'x'], 'did you mean --url?'],
  ['no number', ['./x.ts', '--url', 'redis://x', '--concurrency', '1.5'], '--concurrency must be a whole number; got 1.5'],
  ['no key file', ['./x.ts', '--url', 'redis://x', '--hmac-key-file', '/none'], '--hmac-key-file /none cannot be read'],
])('%s is a usage error', async (_what, args, message) => {
  const { code, stdout, stderr } = await offloop(['worker', ...args]);
  expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
});

it('a bad value is refused with the name of the option, and the URL is not shown', async () => {
  const { code, stderr } = await offloop(['worker', './x.ts', '--url', 'http://me:s3cret@x']);
  expect([code, stderr]).toEqual([1, expect.stringContaining('options.url')]);
  expect(stderr).not.toContain('s3cret');
});

describe.runIf(hasRedis())('as a program', () => {
  const bench = remoteBench({ password: 's3cret-word' });

  it('says what it serves, answers for its health, and ends in order at the first signal', async () => {
    const pool = bench.pool();
    const port = await freePort();
    const child = await bench.worker(pool, '--health-port', String(port), '--health-host', '127.0.0.1', '--concurrency', '2');
    expect(await bench.executor(pool).submit(add, [1, 2])).toBe(3);
    const health = (await (await fetch(`http://127.0.0.1:${port}/readyz`)).json()) as object;
    expect(health).toMatchObject({ alive: true, ready: true, pool, concurrency: 2, connected: true });
    const statistics = (await (await fetch(`http://127.0.0.1:${port}/statistics`)).json()) as object;
    expect(statistics).toMatchObject({ kind: 'thread', completed: 1 });
    child.process.kill('SIGTERM');
    const { code, stdout, stderr } = await child.ended;
    expect([code, stdout.includes('jobs#add@'), stdout.includes('draining'), stdout.includes('stopped')]).toEqual([0, true, true, true]);
    expect(stdout + stderr + JSON.stringify(health)).not.toContain('s3cret');
  });
});
