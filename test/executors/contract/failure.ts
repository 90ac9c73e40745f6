/** Section E and J 126–133: what goes wrong is told to the right caller, and to nobody else. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { fromModule, WorkerDiedError } from '../../../src/index.ts';
import type { Executor } from '../../../src/index.ts';
import { add, echo, holdUntil, whereAmI } from '../../fixtures/jobs/basic.ts';
import {
  eatMemory,
  exit,
  exitAfterwards,
  exitAsync,
  rejectUnheard,
  strayMessages,
  throwAfterwards,
  throwInTimer,
} from '../../fixtures/jobs/crash.ts';
import * as errors from '../../fixtures/jobs/errors.ts';
import { makeGate, runningJob, scratch } from '../../support/gates.ts';
import { failure as failureOf } from '../../support/virtual.ts';
import type { Subject } from './subject.ts';

let modules = 0;
/** A module of its own for each test. */
function moduleFile(source: string): { url: string; rewrite(source: string): void } {
  const file = join(scratch(), `module-${++modules}.mjs`);
  writeFileSync(file, source);
  return { url: pathToFileURL(file).href, rewrite: (text) => writeFileSync(file, text) };
}

const died = async (job: PromiseLike<unknown>): Promise<WorkerDiedError> => {
  const error = await failureOf(job);
  expect(error).toBeInstanceOf(WorkerDiedError);
  return error as WorkerDiedError;
};

export function failure({ use, shared, separate, reports }: Subject): void {
  it('a throw and a rejection both reject the caller (66)', async () => {
    const executor = use({ max: 1 });
    for (const fn of [errors.throwRich, errors.rejectRich]) {
      expect(await failureOf(executor.submit(fn, ['told']))).toMatchObject({ message: 'told', code: 'E_FIXTURE' });
    }
    expect(executor.statistics()).toMatchObject({ failed: 2, respawned: 0 });
  });

  it('class, message, code, properties and causes arrive, and the stack ends with the submitting line (67, 132)', async () => {
    const executor = shared(1);
    await executor.warmup();
    async function submittingFunction(): Promise<unknown> {
      await new Promise((resolve) => setTimeout(resolve, 3)); // submitting lines are captured once in a millisecond
      return executor.submit(errors.throwRich, ['told']);
    }
    const error = (await failureOf(submittingFunction())) as Error & { code: string; extra: unknown };
    expect(error).toBeInstanceOf(TypeError);
    expect([error.name, error.message, error.code, error.extra]).toEqual(['TypeError', 'told', 'E_FIXTURE', { deep: [1] }]);
    expect(error.cause).toBeInstanceOf(RangeError);
    expect((error.cause as Error).cause).toBe('the root');
    const lines = error.stack!.split('\n');
    const far = lines.findIndex((line) => /innerFrame.*errors\.[jt]s/.test(line));
    const near = lines.findIndex((line) => line.includes('submittingFunction'));
    expect(lines[0]).toBe('TypeError: told');
    expect([far, near > far]).toEqual([1, true]);
  });

  it('registered classes arrive as instances, causes included (132)', async () => {
    const error = (await failureOf(shared(1).submit(errors.throwPayment, [7]))) as errors.PaymentError;
    expect(error).toBeInstanceOf(errors.PaymentError);
    expect([error.name, error.amount]).toEqual(['PaymentError', 7]);
    expect(error.cause).toBeInstanceOf(errors.PaymentError);
  });

  it('other classes keep their name, their properties and their native ancestor (132)', async () => {
    const error = (await failureOf(shared(1).submit(errors.throwUnregistered, []))) as Error;
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ name: 'Unregistered', message: 'who?', details: { code: 42, list: [1, 2] } });
  });

  it('what a class tells by toJSON arrives as properties (68)', async () => {
    expect(await failureOf(shared(1).submit(errors.throwToJson, []))).toMatchObject({
      message: 'unavailable',
      status: 503,
      nested: { retry: true },
    });
  });

  it('an AggregateError keeps its errors', async () => {
    const error = (await failureOf(shared(1).submit(errors.throwAggregate, []))) as AggregateError;
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors[0]).toBeInstanceOf(TypeError);
    expect(error.errors[1]).toBeInstanceOf(errors.PaymentError);
  });

  it('an error of another realm is an error (69)', async () => {
    const error = await failureOf(shared(1).submit(errors.throwForeign, []));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: 'from another realm', code: 'E_REALM' });
  });

  it('what is thrown and is no error arrives as it was thrown (70)', async () => {
    const executor = shared(1);
    for (const value of ['text', 5, null, undefined, { a: [1] }])
      expect(await failureOf(executor.submit(errors.throwValue, [value]))).toEqual(value);
  });

  it('an error that cannot be cloned arrives without the part that cannot; worker and neighbours live (126)', async () => {
    const executor = shared(1);
    const before = await executor.submit(whereAmI, []);
    const [bad, good] = [executor.submit(errors.throwUncloneable, []), executor.submit(add, [1, 2])];
    const error = (await failureOf(bad)) as Error & { ok: number };
    expect([error.message, error.ok]).toEqual(['with a function', 1]);
    expect(await good).toBe(3);
    expect(await executor.submit(whereAmI, [])).toEqual(before);
  });

  it('each job has an error of its own (127)', async () => {
    const executor = shared(1);
    const jobs = [1, 2].map(() => failureOf(executor.submit(errors.throwRich, ['same'])));
    const [a, b] = await Promise.all(jobs);
    expect(a).not.toBe(b);
  });

  it('a failure that nobody awaits is reported once (e)', async () => {
    const executor = shared(1);
    const job = executor.submit(errors.throwRich, ['unheard'], { name: 'floating' });
    await job.wait();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(reports.map(({ message, error, task }) => [message, (error as Error).message, task?.name])).toEqual([
      ['Task exception was never retrieved', 'unheard', 'floating'],
    ]);
  });

  it.runIf(separate)(
    'an error thrown outside the job’s own calls rejects the running job, and the worker is replaced (71, 72)',
    async () => {
      const executor = use({ max: 1 });
      const before = await executor.submit(whereAmI, []);
      for (const fn of [throwInTimer, rejectUnheard]) {
        const error = await died(executor.submit(fn, ['far from here'], { name: 'careless' }));
        expect(error).toMatchObject({ why: 'uncaught', job: 'careless', exitCode: 1, cause: { message: 'far from here' } });
        expect(error.cause).toBeInstanceOf(RangeError);
        expect(error.message).toContain('RangeError: far from here');
      }
      expect(await executor.submit(whereAmI, [])).not.toEqual(before);
      expect(executor.statistics()).toMatchObject({ failed: 2, respawned: 2 });
      expect(reports).toEqual([]);
    },
  );

  it.runIf(separate)('an error thrown after the job has ended is reported, not lost; its result is kept (73)', async () => {
    const executor = use({ max: 1 });
    expect(await executor.submit(throwAfterwards, ['too late', 5])).toBe('answered');
    while (reports.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(reports).toMatchObject([{ error: { code: 'OFFLOOP_WORKER_DIED', why: 'uncaught', cause: { message: 'too late' } } }]);
    expect(reports[0]!.message).toMatch(/^A worker of .* died between jobs$/);
    expect(await executor.submit(add, [1, 2])).toBe(3);
  });

  it.runIf(separate)('process.exit() in a job rejects it, and the next one runs on a new worker (74, 76, 133)', async () => {
    const executor = use({ max: 1 });
    const before = await executor.submit(whereAmI, []);
    for (const [fn, code] of [[exit, 3], [exitAsync, 0]] as const) {
      const error = await died(executor.submit(fn, [code], { name: 'leaver' }));
      expect(error).toMatchObject({ why: 'exit', exitCode: code, signalName: null, job: 'leaver' });
      expect(error.message).toBe(`The worker died while it ran job "leaver": the worker exited with code ${code}`);
    } // prettier-ignore
    expect(await executor.submit(whereAmI, [])).not.toEqual(before);
  });

  it.runIf(separate)('an exit shortly after a job fails the next one at most, and the pool goes on (75)', async () => {
    const executor = use({ max: 1 });
    for (let i = 0; i < 10; i++) {
      expect(await executor.submit(exitAfterwards, [1, 0])).toBe('answered');
      const next = await executor.submit(echo, ['fine']).catch((error: unknown) => error);
      if (next !== 'fine') expect(next).toBeInstanceOf(WorkerDiedError);
    }
    expect(await executor.submit(add, [1, 2])).toBe(3);
  });

  it.runIf(separate)('a crash fails the job that ran, and nobody else (127, 138)', async () => {
    const executor = use({ max: 2 });
    const gate = makeGate();
    const innocent = await runningJob(executor, holdUntil, [gate.file, 'unharmed']);
    const [crashed, queued] = [executor.submit(exit, [1]), executor.submit(add, [1, 2])];
    await died(crashed);
    expect(await queued).toBe(3);
    gate.open();
    expect(await innocent.job).toBe('unharmed');
  });

  it.runIf(separate)('a crashed worker is replaced so that the minimum holds (77)', async () => {
    const executor = use({ min: 2, max: 2 });
    await executor.warmup();
    await died(executor.submit(exit, [1]));
    expect(executor.statistics()).toMatchObject({ workers: 2, respawned: 1 });
  });

  it.runIf(separate)('running out of memory rejects the job, and this process lives (80)', async () => {
    const executor = use({ max: 1, resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 } });
    const error = await died(executor.submit(eatMemory, [], { name: 'hungry' }));
    expect(error).toMatchObject({ why: 'out-of-memory', job: 'hungry' });
    expect(error.message).toContain('ran out of memory');
    expect(await executor.submit(add, [1, 2])).toBe(3);
  });

  it.runIf(separate)('messages that nobody expects harm nobody (81, 130)', async () => {
    const executor = use({ max: 1 });
    const before = await executor.submit(whereAmI, []);
    expect(await executor.submit(strayMessages, [])).toBe('sent');
    expect(await executor.submit(whereAmI, [])).toEqual(before);
    expect(reports).toEqual([]);
  });

  const broken: [what: string, source: string | null, message: RegExp][] = [
    [
      'throws while it loads',
      'globalThis.evaluations = (globalThis.evaluations ?? 0) + 1; throw new RangeError("at load " + globalThis.evaluations);',
      /at load 1/,
    ],
    ['is no valid code', 'export const f = (', /SyntaxError/],
    ['misses an import', 'import "./missing-dependency.mjs"; export const f = () => 1;', /missing-dependency/],
    ['does not exist', null, /no such file/],
  ];
  it.runIf(separate).each(broken)(
    'a module that %s rejects every call, is evaluated once per attempt, and works when it is mended (78, 128)',
    async (_what, source, message) => {
      const executor = use({ max: 1 });
      const file = moduleFile(source ?? '');
      const url = source === null ? file.url.replace('.mjs', '-later.mjs') : file.url;
      const { f } = fromModule<{ f(): number }>(url);
      for (let attempt = 0; attempt < 3; attempt++) {
        const error = await died(executor.submit(f, [], { name: 'mended' }));
        expect(error).toMatchObject({ why: 'load-failed', job: 'mended' });
        expect(error.message).toMatch(message);
        expect(error.message).toContain(url);
      }
      await mend(url);
      expect(await executor.submit(f, [])).toBe(42);
      expect(reports).toEqual([]);
    },
  );

  it.runIf(separate)('when modules fail, other jobs of the same pool run', async () => {
    const executor: Executor = use({ max: 1 });
    const { f } = fromModule<{ f(): number }>(moduleFile('throw new Error("broken")').url);
    const jobs = [
      executor.submit(add, [1, 2]),
      executor.submit(f, []),
      executor.submit(add, [3, 4]),
      executor.submit(f, []),
      executor.submit(add, [5, 6]),
    ];
    const results = await Promise.allSettled(jobs);
    expect(results.map((result) => (result.status === 'fulfilled' ? result.value : (result.reason as WorkerDiedError).why))).toEqual([
      3,
      'load-failed',
      7,
      'load-failed',
      11,
    ]);
  });
}

async function mend(url: string): Promise<void> {
  const { writeFile } = await import('node:fs/promises');
  await writeFile(new URL(url), 'export const f = () => 42;');
}
