import { describe, expect, it } from 'vitest';
import { ambient, Scope } from '../../src/core/scope.ts';
import { Runtime } from '../../src/core/runtime.ts';
import { isInsideJob, localOf, markInlineJob, runInPlace } from '../../src/executors/in-place.ts';
import { CancelScope } from '../../src/index.ts';
import { add } from '../fixtures/jobs/basic.ts';
import { failure } from '../support/virtual.ts';

describe('being inside of a job', () => {
  it('is so in the scope of a job that runs here and in all below it, and nowhere else', () => {
    const job = new Scope(null, new Runtime());
    const below = new Scope(job, job.runtime);
    expect(ambient.run(below, isInsideJob)).toBe(false);
    markInlineJob(job);
    const other = new Scope(null, new Runtime());
    expect([job, below, other].map((scope) => ambient.run(scope, isInsideJob))).toEqual([true, true, false]);
    expect(isInsideJob()).toBe(false);
  });
});

describe('running in place', () => {
  it('begins at once, and is a task like any other', async () => {
    const seen: number[] = [];
    const task = runInPlace((n: number) => seen.push(n), [5], { name: 'here' });
    expect([seen, task.name]).toEqual([[5], 'here']);
    expect(await task).toBe(1);
    const reason = new Error('thrown');
    const throwing = (): never => {
      throw reason;
    };
    expect(await failure(runInPlace(throwing, [], undefined))).toBe(reason);
  });

  it('begins nothing in a cancelled scope', async () => {
    const seen: number[] = [];
    await new CancelScope().run(async (scope) => {
      scope.cancel();
      expect(await failure(runInPlace(() => seen.push(1), [], undefined))).toMatchObject({ code: 'OFFLOOP_CANCELLED' });
    });
    expect(seen).toEqual([]);
  });

  it('knows the function behind an offloaded one', () => {
    expect(localOf(add as never)).toBe(add.local);
    expect(localOf(isInsideJob)).toBe(isInsideJob);
  });
});
