/** `offloop worker`: runs the offloaded functions of modules for RemoteExecutors on other machines, until it is told to stop. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RemoteWorker, RemoteWorkerOptions } from '../executors/remote-worker.ts';
import { exitCodes, failure, usageError } from './command-error.ts';
import { checkOperands, numberOf } from './command.ts';
import type { Command, Input } from './command.ts';
import type { Console } from './console.ts';

export const worker: Command = {
  name: 'worker',
  usage: '<module>... [options]',
  summary: 'run offloaded functions for RemoteExecutors on other machines',
  details: `Runs the functions that the modules define with offload(), and no others, for RemoteExecutors of the same pool.
The modules are files, URLs or packages. The first SIGTERM or SIGINT lets running jobs end and hands back the rest;
the second ends the process at once.`,
  options: {
    url: { value: 'url', help: 'redis:// or rediss:// of the server; default: OFFLOOP_REDIS_URL (keeps passwords out of ps)' },
    pool: { value: 'name', help: 'the pool to serve (default: default)' },
    concurrency: { value: 'n', help: 'jobs at once, each in a thread (default: one per core)' },
    prefix: { value: 'name', help: 'begins the names of all keys on the server (default: offloop)' },
    'code-version': { value: 'text', help: "run jobs of this version only (default: OFFLOOP_CODE_VERSION, else package.json's version)" },
    'hmac-key-file': { value: 'file', help: 'refuse jobs that are not signed with this key (default: OFFLOOP_HMAC_KEY)' },
    'drain-timeout': { value: 'ms', help: 'how long running jobs may take to end after the first signal (default: 25000)' },
    'health-port': { value: 'port', help: 'serve /healthz, /readyz and /statistics over HTTP' },
    'health-host': { value: 'address', help: 'where that listens (default: everywhere)' },
  },
  run: (input, console) => serve(read(input, console.streams.env), console),
};

interface Plan {
  readonly options: RemoteWorkerOptions;
  readonly drain: number | undefined;
}

function read(input: Input, env: NodeJS.ProcessEnv): Plan {
  checkOperands(worker, input, 1, Infinity);
  const { operands, values } = input;
  const url = values.get('url') ?? env['OFFLOOP_REDIS_URL'];
  if (url === undefined) throw usageError('worker: no server: --url, or OFFLOOP_REDIS_URL');
  const keyFile = values.get('hmac-key-file');
  const hmacKey = keyFile === undefined ? env['OFFLOOP_HMAC_KEY'] : keyFrom(keyFile);
  const given = {
    pool: values.get('pool'),
    prefix: values.get('prefix'),
    version: values.get('code-version'),
    hmacKey: hmacKey === '' ? undefined : hmacKey,
    concurrency: count(input, 'concurrency'),
    healthPort: count(input, 'health-port'),
    healthHost: values.get('health-host'),
  };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { options: { url, modules: operands.map(moduleOf), ...set }, drain: count(input, 'drain-timeout') };
}

function count(input: Input, name: string): number | undefined {
  const number = numberOf(input, name, { least: 0 });
  if (number !== undefined && !Number.isInteger(number)) throw usageError(`--${name} must be a whole number; got ${number}`);
  return number;
}

function keyFrom(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw usageError(`--hmac-key-file ${file} cannot be read: ${(error as Error).message}`);
  }
}

/** A path is meant from where the command was given. */
function moduleOf(word: string): string {
  return /^\.{0,2}\//.test(word) ? resolve(word) : word;
}

async function serve({ options: settings, drain }: Plan, console: Console): Promise<number> {
  const started = await start(settings);
  const port = started.healthPort === undefined ? '' : `, health on port ${started.healthPort}`;
  console.print(`offloop worker: ready (pool ${settings.pool ?? 'default'}, ${started.functions.length} functions${port})`);
  for (const id of started.functions) console.print(`  ${id}`);
  await stopSignal();
  console.print('offloop worker: draining');
  await started.stop(drain === undefined ? {} : { timeout: drain });
  console.print('offloop worker: stopped');
  return exitCodes.ok;
}

async function start(settings: RemoteWorkerOptions): Promise<RemoteWorker> {
  const { startRemoteWorker } = await loadRemote();
  try {
    return await startRemoteWorker(settings);
  } catch (error) {
    throw failure(`worker: ${(error as Error).message}`);
  }
}

/** bullmq and ioredis are optional: whoever has one machine does not install them. */
async function loadRemote(): Promise<typeof import('../executors/remote-worker.ts')> {
  try {
    return await import('../executors/remote-worker.ts');
  } catch (error) {
    throw isMissing(error) ? failure('worker: needs the packages bullmq and ioredis: npm install bullmq ioredis') : error;
  }
}

/** A loader's words for a package that is not there. */
function isMissing(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return code === 'ERR_MODULE_NOT_FOUND' && /^Cannot find package '(?:bullmq|ioredis)'/.test(String(message));
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
