import { expect, it } from 'vitest';
import { resolveRemoteWorkerOptions } from '../../src/executors/remote-worker-options.ts';
import type { RemoteWorkerOptions } from '../../src/executors/remote-worker-options.ts';

const base = { url: 'redis://localhost', modules: ['/x.ts'] };

it('give the threads as many places as jobs may run at once', () => {
  const settings = resolveRemoteWorkerOptions({ ...base, concurrency: 3, threads: { recycleAfterJobs: 5 } });
  expect(settings).toMatchObject({ concurrency: 3, threads: { max: 3, recycleAfterJobs: 5 }, healthPort: undefined });
  expect(resolveRemoteWorkerOptions(base).concurrency).toBeGreaterThan(0);
});

it.each<[object, string]>([
  [{ modules: [] }, 'options.modules to be an array of at least one module'],
  [{ modules: '/x.ts' }, 'options.modules'],
  [{ concurrency: 0 }, 'options.concurrency'],
  [{ healthPort: 70_000 }, 'options.healthPort to be a whole number from 0 to 65535'],
  [{ healthHost: 5 }, 'options.healthHost to be a string'],
  [{ log: 'x' }, 'options.log to be a function'],
  [{ port: 1 }, 'Unknown option options.port'],
])('refuse %j', (options, message) => {
  expect(() => resolveRemoteWorkerOptions({ ...base, ...options } as RemoteWorkerOptions)).toThrow(message);
});
