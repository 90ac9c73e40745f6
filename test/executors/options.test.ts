import { availableParallelism } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { resolvePoolOptions, resolveShutdown, resolveSubmitOptions, splitExecutor } from '../../src/executors/options.ts';
import { ThreadPoolExecutor } from '../../src/executors/thread.ts';
import { refusal } from '../support/virtual.ts';

const pool =
  (options: unknown): (() => unknown) =>
  () =>
    resolvePoolOptions(options as never, 'Pool');
const submit =
  (options: unknown): (() => unknown) =>
  () =>
    resolveSubmitOptions(options as never);
const shutdown =
  (options: unknown): (() => unknown) =>
  () =>
    resolveShutdown(options);

const wrong = (expected: string, got: string): string => `TypeError OFFLOOP_INVALID_ARGUMENT: Expected ${expected}, got ${got}`;
const outside = (expected: string, got: string): string => `RangeError OFFLOOP_OUT_OF_RANGE: Expected ${expected}, got ${got}`;

const ms = 'a number of milliseconds, 0 or more';

describe('the options of a pool (10, 12, 22, 28)', () => {
  const cases: [options: unknown, refusal: string][] = [
    [5, wrong('options to be an object of options', '5 (number)')],
    [null, wrong('options to be an object of options', 'null')],
    [[], wrong('options to be an object of options', '[] (object)')],
    [{ threads: 3 }, 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.threads; known options are '],
    [{ min: '1' }, wrong('options.min to be a whole number from 0 up', "'1' (string)")],
    [{ min: NaN }, outside('options.min to be a whole number from 0 up', 'NaN (number)')],
    [{ min: -1 }, outside('options.min to be a whole number from 0 up', '-1 (number)')],
    [{ min: 0.5 }, outside('options.min to be a whole number from 0 up', '0.5 (number)')],
    [{ max: '2' }, wrong('options.max to be a whole number from 1 up', "'2' (string)")],
    [{ max: 0 }, outside('options.max to be a whole number from 1 up', '0 (number)')],
    [{ max: NaN }, outside('options.max to be a whole number from 1 up', 'NaN (number)')],
    [{ max: Infinity }, outside('options.max to be a whole number from 1 up', 'Infinity (number)')],
    [{ min: 3, max: 2 }, outside('options.min to be at most options.max (2)', '3 (number)')],
    [{ idleTimeout: '1s' }, wrong(`options.idleTimeout to be ${ms}`, "'1s' (string)")],
    [{ idleTimeout: NaN }, outside(`options.idleTimeout to be ${ms}`, 'NaN (number)')],
    [{ idleTimeout: -1 }, outside(`options.idleTimeout to be ${ms}`, '-1 (number)')],
    [{ maxQueue: '5' }, wrong('options.maxQueue to be a whole number from 0 up, or Infinity', "'5' (string)")],
    [{ maxQueue: -1 }, outside('options.maxQueue to be a whole number from 0 up, or Infinity', '-1 (number)')],
    [{ maxQueue: NaN }, outside('options.maxQueue to be a whole number from 0 up, or Infinity', 'NaN (number)')],
    [{ maxQueue: 1.5 }, outside('options.maxQueue to be a whole number from 0 up, or Infinity', '1.5 (number)')],
    [{ onFull: true }, wrong("options.onFull to be one of 'wait', 'reject'", 'true (boolean)')],
    [{ onFull: 'drop' }, outside("options.onFull to be one of 'wait', 'reject'", "'drop' (string)")],
    [{ name: 7 }, wrong('options.name to be a string', '7 (number)')],
    [{ init: 'init' }, wrong('options.init to be an offloaded or self-contained function', "'init' (string)")],
    [{ teardown: {} }, wrong('options.teardown to be an offloaded or self-contained function', '{} (object)')],
    [{ preload: './x.js' }, wrong('options.preload to be an array of module URLs', "'./x.js' (string)")],
    [{ preload: [3] }, 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.preload[0] to be a URL, '],
    [{ preload: ['./x.js'] }, 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.preload[0] to be a URL, '],
    [{ resourceLimits: 64 }, wrong('options.resourceLimits to be an object of options', '64 (number)')],
    [{ resourceLimits: { heap: 1 } }, 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.resourceLimits.heap'],
    [
      { resourceLimits: { stackSizeMb: '4' } },
      wrong('options.resourceLimits.stackSizeMb to be a number of megabytes above 0', "'4' (string)"),
    ],
    [
      { resourceLimits: { stackSizeMb: NaN } },
      outside('options.resourceLimits.stackSizeMb to be a number of megabytes above 0', 'NaN (number)'),
    ],
    [
      { resourceLimits: { maxOldGenerationSizeMb: 0 } },
      outside('options.resourceLimits.maxOldGenerationSizeMb to be a number of megabytes above 0', '0 (number)'),
    ],
    [
      { resourceLimits: { maxOldGenerationSizeMb: Infinity } },
      outside('options.resourceLimits.maxOldGenerationSizeMb to be a number of megabytes above 0', 'Infinity (number)'),
    ],
    [{ recycleAfterJobs: 0 }, outside('options.recycleAfterJobs to be a whole number from 1 up, or Infinity', '0 (number)')],
    [{ recycleAfterJobs: '5' }, wrong('options.recycleAfterJobs to be a whole number from 1 up, or Infinity', "'5' (string)")],
    [{ recycleAboveHeapMb: 0 }, outside('options.recycleAboveHeapMb to be a number of megabytes above 0', '0 (number)')],
    [{ recycleAboveHeapMb: NaN }, outside('options.recycleAboveHeapMb to be a number of megabytes above 0', 'NaN (number)')],
    [{ recycleAboveHeapMb: '64' }, wrong('options.recycleAboveHeapMb to be a number of megabytes above 0', "'64' (string)")],
    [{ env: 'A=1' }, wrong('options.env to be an object of environment variables', "'A=1' (string)")],
    [{ env: ['A=1'] }, wrong('options.env to be an object of environment variables', "[ 'A=1' ] (object)")],
    [{ env: { A: 1 } }, wrong('options.env.A to be a string', '1 (number)')],
    [{ execArgv: '--no-warnings' }, wrong('options.execArgv to be an array of strings', "'--no-warnings' (string)")],
    [{ execArgv: [1] }, wrong('options.execArgv[0] to be a string', '1 (number)')],
  ];

  it.each(cases)('%j is refused', async (options, expected) => {
    expect(await refusal(pool(options))).toContain(expected);
  });

  it('are refused by the constructor, before anything is started', () => {
    expect(() => new ThreadPoolExecutor({ min: 2, max: 1 })).toThrow('Expected options.min to be at most options.max (1), got 2 (number)');
  });

  it('have defaults', () => {
    expect(resolvePoolOptions(undefined, 'Kind')).toMatchObject({
      min: 0,
      max: availableParallelism(),
      idleTimeout: 30_000,
      maxQueue: Infinity,
      onFull: 'wait',
      name: 'Kind',
      init: undefined,
      teardown: undefined,
      preload: [],
      resourceLimits: undefined,
      env: undefined,
    });
  });

  it('undefined means the default', () => {
    expect(resolvePoolOptions({ min: undefined, name: undefined } as never, 'Kind')).toMatchObject({ min: 0, name: 'Kind' });
  });

  it('a high min raises the default max (22)', () => {
    expect(resolvePoolOptions({ min: 100 }, 'Kind')).toMatchObject({ min: 100, max: 100 });
  });

  it('a low max is fine with the default min (22)', () => {
    expect(resolvePoolOptions({ max: 1 }, 'Kind')).toMatchObject({ min: 0, max: 1 });
  });

  it('are copied: who changes them later changes nothing', () => {
    const env: NodeJS.ProcessEnv = { A: '1' };
    const resourceLimits = { stackSizeMb: 4 };
    const settings = resolvePoolOptions({ env, resourceLimits }, 'Kind');
    env['A'] = '2';
    resourceLimits.stackSizeMb = 8;
    expect(settings).toMatchObject({ env: { A: '1' }, resourceLimits: { stackSizeMb: 4 } });
  });
});

describe('the options of a job', () => {
  const cases: [options: unknown, refusal: string][] = [
    ['high', wrong('options to be an object of options', "'high' (string)")],
    [{ retries: 3 }, 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.retries; known options are name, onCancel, grace, '],
    [{ name: 1 }, wrong('options.name to be a string', '1 (number)')],
    [{ onCancel: 5 }, wrong("options.onCancel to be one of 'terminate', 'wait', 'abandon'", '5 (number)')],
    [{ onCancel: 'kill' }, outside("options.onCancel to be one of 'terminate', 'wait', 'abandon'", "'kill' (string)")],
    ...['grace', 'timeout', 'queueTimeout'].flatMap((name): [unknown, string][] => [
      [{ [name]: '5' }, wrong(`options.${name} to be ${ms}`, "'5' (string)")],
      [{ [name]: NaN }, outside(`options.${name} to be ${ms}`, 'NaN (number)')],
      [{ [name]: -1 }, outside(`options.${name} to be ${ms}`, '-1 (number)')],
    ]),
    [{ priority: 'high' }, wrong('options.priority to be a number', "'high' (string)")],
    [{ priority: NaN }, outside('options.priority to be a number', 'NaN (number)')],
    [{ priority: Infinity }, outside('options.priority to be a finite number', 'Infinity (number)')],
    [{ affinity: 3 }, wrong('options.affinity to be a string', '3 (number)')],
    [{ signal: {} }, wrong('options.signal to be an AbortSignal', '{} (object)')],
    [{ idempotent: 1 }, wrong('options.idempotent to be a boolean', '1 (number)')],
    [{ onProgress: 'log' }, wrong('options.onProgress to be a function', "'log' (string)")],
  ];

  it.each(cases)('%j is refused (93)', async (options, expected) => {
    expect(await refusal(submit(options))).toContain(expected);
  });

  it('have defaults; jobs without options share one record', () => {
    expect(resolveSubmitOptions(undefined)).toBe(resolveSubmitOptions(undefined));
    expect(resolveSubmitOptions({ priority: 3 })).toEqual({ ...resolveSubmitOptions(undefined), priority: 3 });
    expect(resolveSubmitOptions(undefined)).toEqual({
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
  });

  it('of with() are those and an executor', async () => {
    const executor = { submit: () => {}, shutdown: () => {} };
    expect(splitExecutor({ executor, priority: 1 })).toEqual({ executor, highWaterMark: 256, settings: { priority: 1 } });
    expect(await refusal(() => splitExecutor({ executor: 'threads' }))).toBe(
      wrong('options.executor to be an Executor', "'threads' (string)"),
    );
    expect(await refusal(() => splitExecutor({ executor, priority: '1' }))).toContain('options.priority');
    expect(await refusal(() => splitExecutor({ executors: executor }))).toContain('Unknown option options.executors');
  });
});

describe('the options of a shutdown', () => {
  it.each([
    [{ timeout: '1s' }, wrong(`options.timeout to be ${ms}`, "'1s' (string)")],
    [{ timeout: NaN }, outside(`options.timeout to be ${ms}`, 'NaN (number)')],
    [{ timeout: -1 }, outside(`options.timeout to be ${ms}`, '-1 (number)')],
    [{ cancelPending: 1 }, wrong('options.cancelPending to be a boolean', '1 (number)')],
    [{ force: true }, 'Unknown option options.force; known options are timeout, cancelPending'],
    [true, wrong('options to be an object of options', 'true (boolean)')],
  ])('%j is refused', async (options, expected) => {
    expect(await refusal(shutdown(options))).toContain(expected);
  });

  it('have defaults: it waits as long as it takes, for all', () => {
    expect(resolveShutdown(undefined)).toEqual({ timeout: Infinity, cancelPending: false });
  });
});

describe('a polluted Object.prototype (13)', () => {
  const pollution: Record<string, unknown> = { max: 'x', name: 5, execArgv: 'x', env: 'x', signal: 'x', timeout: 'x', executor: 'x' };
  const polluted = Object.prototype as unknown as Record<string, unknown>;
  afterEach(() => {
    for (const key of Object.keys(pollution)) delete polluted[key];
  });

  it('sets no option, and hinders none', () => {
    const clean = [resolvePoolOptions({}, 'Kind'), resolveSubmitOptions({}), resolveShutdown({})];
    for (const [key, value] of Object.entries(pollution))
      Object.defineProperty(polluted, key, { value, configurable: true, enumerable: true });
    const dirty = [resolvePoolOptions({}, 'Kind'), resolveSubmitOptions({}), resolveShutdown({})];
    const split = splitExecutor({ priority: 1 });
    for (const key of Object.keys(pollution)) delete polluted[key];
    expect(dirty).toEqual(clean);
    expect(split.executor).toBe(undefined);
  });
});
