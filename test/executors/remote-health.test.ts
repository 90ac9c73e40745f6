import { expect, it } from 'vitest';
import { serveHealth } from '../../src/executors/remote-health.ts';

it('answers whether the worker is alive, whether it is ready, and what it does', async () => {
  let state = { alive: true, ready: true, jobs: 3 };
  const server = await serveHealth(0, '127.0.0.1', () => state, () => ({ completed: 5 })); // prettier-ignore
  const ask = async (path: string): Promise<[number, unknown]> => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return [response.status, await response.json()];
  };
  try {
    expect(await ask('/healthz')).toEqual([200, state]);
    expect(await ask('/readyz?x=1')).toEqual([200, state]);
    expect(await ask('/statistics')).toEqual([200, { completed: 5 }]);
    expect((await ask('/other'))[0]).toBe(404);
    state = { alive: true, ready: false, jobs: 0 };
    expect([(await ask('/healthz'))[0], (await ask('/readyz'))[0]]).toEqual([200, 503]);
    state = { alive: false, ready: false, jobs: 0 };
    expect((await ask('/healthz'))[0]).toBe(503);
  } finally {
    await server.close();
  }
  await expect(ask('/healthz')).rejects.toThrow('fetch failed');
});

it('a port that is taken rejects', async () => {
  const one = await serveHealth(0, '127.0.0.1', () => ({ alive: true, ready: true }), () => ({})); // prettier-ignore
  const other = serveHealth(one.port, '127.0.0.1', () => ({ alive: true, ready: true }), () => ({})); // prettier-ignore
  await expect(other).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await one.close();
});
