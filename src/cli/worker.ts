/** `offloop worker`: runs the offloaded functions of modules for RemoteExecutors on other machines, until it is told to stop. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { RemoteWorker, RemoteWorkerOptions } from '../executors/remote-worker.ts';

export const workerHelp = `usage: offloop worker <module>... [options]

Runs the functions that the modules define with offload(), and no others, for RemoteExecutors of the same pool.
The modules are files, URLs or packages. The first SIGTERM or SIGINT lets running jobs end and hands back the rest;
the second ends the process at once.

  --url <url>              redis:// or rediss:// of the server; default: OFFLOOP_REDIS_URL (keeps passwords out of ps)
  --pool <name>            the pool to serve (default: default)
  --concurrency <n>        jobs at once, each in a thread (default: one per core)
  --prefix <name>          begins the names of all keys on the server (default: offloop)
  --code-version <text>    run jobs of this version only (default: OFFLOOP_CODE_VERSION, else package.json's version)
  --hmac-key-file <file>   refuse jobs that are not signed with this key (default: OFFLOOP_HMAC_KEY)
  --drain-timeout <ms>     how long running jobs may take to end after the first signal (default: 25000)
  --health-port <port>     serve /healthz, /readyz and /statistics over HTTP
  --health-host <address>  where that listens (default: everywhere)
  -h, --help               this text

exit codes: 0 it was told to stop and did; 1 it could not start or go on; 2 the command line makes no sense
`;

const options = {
  url: { type: 'string' },
  pool: { type: 'string' },
  concurrency: { type: 'string' },
  prefix: { type: 'string' },
  'code-version': { type: 'string' },
  'hmac-key-file': { type: 'string' },
  'drain-timeout': { type: 'string' },
  'health-port': { type: 'string' },
  'health-host': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

class UsageError extends Error {}

interface Plan {
  readonly options: RemoteWorkerOptions;
  readonly drain: number | undefined;
}

/** Resolves with the exit code, when it was told to stop. */
export async function worker(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> {
  let plan: Plan | null;
  try {
    plan = read(argv, env);
  } catch (error) {
    console.error(`offloop worker: ${(error as Error).message} (offloop worker --help)`);
    return 2;
  }
  if (plan === null) {
    process.stdout.write(workerHelp);
    return 0;
  }
  return serve(plan);
}

function read(argv: readonly string[], env: NodeJS.ProcessEnv): Plan | null {
  const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  if (values.help === true) return null;
  if (positionals.length === 0) throw new UsageError('name at least one module with offloaded functions');
  const url = values.url ?? env['OFFLOOP_REDIS_URL'];
  if (url === undefined) throw new UsageError('no server: --url, or OFFLOOP_REDIS_URL');
  const hmacKey = values['hmac-key-file'] === undefined ? env['OFFLOOP_HMAC_KEY'] : keyFrom(values['hmac-key-file']);
  const given = {
    pool: values.pool,
    prefix: values.prefix,
    version: values['code-version'],
    hmacKey: hmacKey === '' ? undefined : hmacKey,
    concurrency: count('concurrency', values.concurrency),
    healthPort: count('health-port', values['health-port']),
    healthHost: values['health-host'],
  };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { options: { url, modules: positionals.map(moduleOf), ...set }, drain: count('drain-timeout', values['drain-timeout']) };
}

function count(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new UsageError(`--${name} must be a whole number; got ${JSON.stringify(text)}`);
  return Number(text);
}

function keyFrom(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`--hmac-key-file ${file} cannot be read: ${(error as Error).message}`);
  }
}

/** A path is meant from where the command was given. */
function moduleOf(word: string): string {
  return /^\.{0,2}\//.test(word) ? resolve(word) : word;
}

async function serve({ options: settings, drain }: Plan): Promise<number> {
  const { startRemoteWorker } = await import('../executors/remote-worker.ts'); // bullmq and ioredis are optional
  let started: RemoteWorker;
  try {
    started = await startRemoteWorker(settings);
  } catch (error) {
    console.error(`offloop worker: ${(error as Error).message}`);
    return 1;
  }
  const port = started.healthPort === undefined ? '' : `, health on port ${started.healthPort}`;
  console.log(`offloop worker: ready (pool ${settings.pool ?? 'default'}, ${started.functions.length} functions${port})`);
  for (const id of started.functions) console.log(`  ${id}`);
  await stopSignal();
  console.log('offloop worker: draining');
  await started.stop(drain === undefined ? {} : { timeout: drain });
  console.log('offloop worker: stopped');
  return 0;
}

/** Resolves with the first; the second ends the process at once. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let first = true;
    const heard = (signal: NodeJS.Signals): void => {
      if (!first) process.exit(128 + (signal === 'SIGINT' ? 2 : 15));
      first = false;
      resolve();
    };
    process.on('SIGTERM', heard);
    process.on('SIGINT', heard);
  });
}
