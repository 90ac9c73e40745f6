/** The options of a remote worker, checked once. */
import { availableParallelism } from 'node:os';
import { checkCount, checkFunction, checkString, ownOptions, wrongType } from '../base/validate.ts';
import type { PoolOptions } from './executor.ts';
import { resolvePlace } from './remote-options.ts';
import type { RemoteOptions, RemoteSettings } from './remote-options.ts';

export interface RemoteWorkerOptions extends Pick<RemoteOptions, 'url' | 'pool' | 'prefix' | 'hmacKey' | 'version' | 'blobs' | 'moduleId'> {
  /** Files, URLs or packages whose offloaded functions this worker runs, and no others. */
  modules: readonly (string | URL)[];
  /** Jobs at once, each in a thread of its own. Default: `os.availableParallelism()`. */
  concurrency?: number;
  /** Settings of the threads: `init`, `preload`, `resourceLimits`, `recycleAfterJobs`, … */
  threads?: Omit<PoolOptions, 'max' | 'maxQueue' | 'onFull'>;
  /** Serves `/healthz`, `/readyz` and `/statistics` over HTTP there; 0 = any free port. Default: no such server. */
  healthPort?: number;
  /** The address it listens at. Default: all of this machine. */
  healthHost?: string;
  /** Gets a line for each thing an operator should know. Default: stderr. */
  log?: (line: string) => void;
}

export interface RemoteWorkerSettings extends Pick<
  RemoteSettings,
  'pool' | 'prefix' | 'hmacKey' | 'version' | 'blobs' | 'moduleId' | 'url'
> {
  readonly modules: readonly (string | URL)[];
  readonly concurrency: number;
  readonly threads: PoolOptions;
  readonly healthPort: number | undefined;
  readonly healthHost: string | undefined;
  readonly log: (line: string) => void;
}

const keys = [
  'url',
  'pool',
  'prefix',
  'hmacKey',
  'version',
  'blobs',
  'moduleId',
  'modules',
  'concurrency',
  'threads',
  'healthPort',
  'healthHost',
  'log',
] as const;

export function resolveRemoteWorkerOptions(options: RemoteWorkerOptions): RemoteWorkerSettings {
  const o = ownOptions<RemoteWorkerOptions>('options', options, keys);
  if (!Array.isArray(o.modules) || o.modules.length === 0) {
    throw wrongType('options.modules', 'an array of at least one module with offloaded functions', o.modules);
  }
  if (o.concurrency !== undefined) checkCount('options.concurrency', o.concurrency, 1);
  if (o.healthPort !== undefined) checkCount('options.healthPort', o.healthPort, 0, { max: 65_535 });
  if (o.healthHost !== undefined) checkString('options.healthHost', o.healthHost);
  if (o.log !== undefined) checkFunction('options.log', o.log);
  const concurrency = o.concurrency ?? availableParallelism();
  return {
    ...resolvePlace(o),
    url: o.url as string, // checked by whoever connects
    modules: o.modules,
    concurrency,
    threads: { name: 'remote worker', ...o.threads, max: concurrency },
    healthPort: o.healthPort,
    healthHost: o.healthHost,
    log: o.log ?? ((line) => console.error(line)),
  };
}
