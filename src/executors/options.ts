/** Options are checked once and become full records; the rest of the code never sees `undefined` where a default exists. */
import { availableParallelism } from 'node:os';
import {
  checkBoolean,
  checkCount,
  checkDuration,
  checkFunction,
  checkNumber,
  checkOneOf,
  checkSignal,
  checkString,
  outOfRange,
  ownOptions,
  wrongType,
} from '../base/validate.ts';
import { functionRef } from './callable.ts';
import type { Executor, OnCancel, PoolOptions, SubmitOptions } from './executor.ts';
import type { FunctionRef, Hello } from '../wire/protocol.ts';
import { resolveModule } from './module-url.ts';
import { workerExecArgv, workerHints } from './worker-flags.ts';

export interface PoolSettings {
  readonly min: number;
  readonly max: number;
  readonly idleTimeout: number;
  readonly maxQueue: number;
  readonly onFull: 'wait' | 'reject';
  readonly name: string;
  readonly init: FunctionRef | undefined;
  readonly teardown: FunctionRef | undefined;
  readonly preload: readonly string[];
  readonly recycleAfterJobs: number;
  readonly recycleAboveHeapMb: number;
  readonly resourceLimits: Readonly<Record<string, number>> | undefined;
  readonly env: NodeJS.ProcessEnv | undefined;
  readonly execArgv: readonly string[];
}

const poolKeys = [
  'min',
  'max',
  'idleTimeout',
  'maxQueue',
  'onFull',
  'name',
  'init',
  'teardown',
  'preload',
  'resourceLimits',
  'recycleAfterJobs',
  'recycleAboveHeapMb',
  'env',
  'execArgv',
] as const;

export function resolvePoolOptions(options: PoolOptions | undefined, name: string, kind: 'thread' | 'process' = 'thread'): PoolSettings {
  const o = ownOptions<PoolOptions>('options', options, poolKeys);
  if (o.min !== undefined) checkCount('options.min', o.min, 0);
  if (o.max !== undefined) checkCount('options.max', o.max, 1);
  const min = o.min ?? 0;
  const max = o.max ?? Math.max(availableParallelism(), min);
  if (min > max) throw outOfRange('options.min', `at most options.max (${max})`, min);
  if (o.idleTimeout !== undefined) checkDuration('options.idleTimeout', o.idleTimeout);
  if (o.maxQueue !== undefined) checkCount('options.maxQueue', o.maxQueue, 0, { infinite: true });
  if (o.onFull !== undefined) checkOneOf('options.onFull', o.onFull, ['wait', 'reject']);
  if (o.name !== undefined) checkString('options.name', o.name);
  if (o.recycleAfterJobs !== undefined) checkCount('options.recycleAfterJobs', o.recycleAfterJobs, 1, { infinite: true });
  if (o.recycleAboveHeapMb !== undefined) checkHeapLimit(o.recycleAboveHeapMb);
  if (o.execArgv !== undefined) checkArgv(o.execArgv);
  return {
    min,
    max,
    idleTimeout: o.idleTimeout ?? 30_000,
    maxQueue: o.maxQueue ?? Infinity,
    onFull: o.onFull ?? 'wait',
    name: o.name ?? name,
    init: o.init === undefined ? undefined : hook('options.init', o.init),
    teardown: o.teardown === undefined ? undefined : hook('options.teardown', o.teardown),
    preload: checkPreload(o.preload),
    recycleAfterJobs: o.recycleAfterJobs ?? Infinity,
    recycleAboveHeapMb: o.recycleAboveHeapMb ?? Infinity,
    resourceLimits: checkLimits(o.resourceLimits),
    env: checkEnv(o.env),
    execArgv: workerExecArgv(o.execArgv, { kind }),
  };
}

/** What a worker of such a pool is told first. */
export function helloOf({ preload, init, teardown, recycleAboveHeapMb }: PoolSettings): Hello {
  return { hints: workerHints(), preload, init, teardown, watchHeap: recycleAboveHeapMb !== Infinity };
}

function hook(where: string, fn: unknown): FunctionRef {
  if (typeof fn !== 'function') throw wrongType(where, 'an offloaded or self-contained function', fn);
  return functionRef(fn as () => unknown).ref;
}

function checkPreload(preload: unknown): string[] {
  if (preload === undefined) return [];
  if (!Array.isArray(preload)) throw wrongType('options.preload', 'an array of module URLs', preload);
  return preload.map((url: unknown, i) => resolveModule(url as string, `options.preload[${i}]`));
}

function checkHeapLimit(limit: unknown): void {
  const [where, expected] = ['options.recycleAboveHeapMb', 'a number of megabytes above 0'];
  checkNumber(where, limit, expected);
  if ((limit as number) <= 0) throw outOfRange(where, expected, limit);
}

export function checkLimits(limits: unknown): Record<string, number> | undefined {
  if (limits === undefined) return undefined;
  const keys = ['maxOldGenerationSizeMb', 'maxYoungGenerationSizeMb', 'stackSizeMb'] as const;
  const own = ownOptions<Record<(typeof keys)[number], number>>('options.resourceLimits', limits, keys);
  for (const [key, value] of Object.entries(own)) {
    const [where, expected] = [`options.resourceLimits.${key}`, 'a number of megabytes above 0'];
    checkNumber(where, value, expected);
    if (value <= 0 || value === Infinity) throw outOfRange(where, expected, value);
  }
  return { ...own };
}

function checkArgv(argv: unknown): void {
  if (!Array.isArray(argv)) throw wrongType('options.execArgv', 'an array of strings', argv);
  argv.forEach((word, i) => checkString(`options.execArgv[${i}]`, word));
}

function checkEnv(env: unknown): NodeJS.ProcessEnv | undefined {
  if (env === undefined) return undefined;
  if (typeof env !== 'object' || env === null || Array.isArray(env))
    throw wrongType('options.env', 'an object of environment variables', env);
  for (const [key, value] of Object.entries(env)) {
    if (value !== undefined && typeof value !== 'string') throw wrongType(`options.env.${key}`, 'a string', value);
  }
  return { ...env };
}

export interface JobSettings {
  readonly name: string | undefined;
  readonly onCancel: OnCancel;
  readonly grace: number;
  readonly timeout: number;
  readonly queueTimeout: number;
  readonly priority: number;
  readonly affinity: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((p: unknown) => void) | undefined;
  readonly idempotent: boolean;
}

const plain: JobSettings = Object.freeze({
  name: undefined,
  onCancel: 'terminate',
  grace: 1000,
  timeout: Infinity,
  queueTimeout: Infinity,
  priority: 0,
  affinity: undefined,
  signal: undefined,
  onProgress: undefined,
  idempotent: false,
});

export const submitKeys = [
  'name',
  'onCancel',
  'grace',
  'timeout',
  'queueTimeout',
  'priority',
  'affinity',
  'signal',
  'onProgress',
  'idempotent',
] as const;

/** Most jobs have no options: they share one record. */
export function resolveSubmitOptions(options: SubmitOptions | undefined): JobSettings {
  if (options === undefined) return plain;
  const o = ownOptions<SubmitOptions>('options', options, submitKeys);
  if (o.name !== undefined) checkString('options.name', o.name);
  if (o.onCancel !== undefined) checkOneOf('options.onCancel', o.onCancel, ['terminate', 'wait', 'abandon']);
  if (o.grace !== undefined) checkDuration('options.grace', o.grace);
  if (o.timeout !== undefined) checkDuration('options.timeout', o.timeout);
  if (o.queueTimeout !== undefined) checkDuration('options.queueTimeout', o.queueTimeout);
  if (o.priority !== undefined) checkPriority(o.priority);
  if (o.affinity !== undefined) checkString('options.affinity', o.affinity);
  if (o.signal !== undefined) checkSignal('options.signal', o.signal);
  if (o.onProgress !== undefined) checkFunction('options.onProgress', o.onProgress);
  if (o.idempotent !== undefined) checkBoolean('options.idempotent', o.idempotent);
  return { ...plain, ...o };
}

function checkPriority(priority: unknown): void {
  checkNumber('options.priority', priority);
  if (!Number.isFinite(priority)) throw outOfRange('options.priority', 'a finite number', priority);
}

type WithOptions = SubmitOptions & { executor?: Executor; highWaterMark?: number };

/** Splits `{ executor, highWaterMark, ...settings }` of `offloaded.with()`; only `streams` know the second. */
export function splitExecutor(
  options: unknown,
  streams = false,
): { executor: Executor | undefined; highWaterMark: number; settings: SubmitOptions } {
  const keys = [...submitKeys, 'executor', ...(streams ? (['highWaterMark'] as const) : [])] as const;
  const { executor, highWaterMark, ...settings } = ownOptions<WithOptions>('options', options, keys);
  if (executor !== undefined) checkExecutor('options.executor', executor);
  if (highWaterMark !== undefined) checkCount('options.highWaterMark', highWaterMark, 1);
  resolveSubmitOptions(settings);
  return { executor, highWaterMark: highWaterMark ?? HIGH_WATER_MARK, settings };
}

/** Items of a stream that may be ahead of the consumer. */
export const HIGH_WATER_MARK = 256;

export function checkExecutor(where: string, value: unknown): void {
  const ex = value as Partial<Executor> | null | undefined;
  if (typeof ex?.submit !== 'function' || typeof ex.shutdown !== 'function') throw wrongType(where, 'an Executor', value);
}

export function resolveShutdown(options: unknown): { timeout: number; cancelPending: boolean } {
  const o = ownOptions<{ timeout: number; cancelPending: boolean }>('options', options, ['timeout', 'cancelPending']);
  if (o.timeout !== undefined) checkDuration('options.timeout', o.timeout);
  if (o.cancelPending !== undefined) checkBoolean('options.cancelPending', o.cancelPending);
  return { timeout: o.timeout ?? Infinity, cancelPending: o.cancelPending ?? false };
}
