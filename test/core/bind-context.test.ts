import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { expect, expectTypeOf, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { bindContext } from '../../src/core/bind-context.ts';
import { throwIfCancelled } from '../../src/core/checkpoint.ts';
import { sleepForever } from '../../src/core/sleep.ts';
import { currentTask } from '../../src/core/task.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

it('a bound callback runs in the task and context in which it was bound, whoever emits', () =>
  virtually(async () => {
    const storage = new AsyncLocalStorage<string>();
    const emitter = new EventEmitter();
    const seen: unknown[] = [];
    const note = (): void => void seen.push(currentTask()?.name, storage.getStore());
    emitter.on('data', note);
    const listener = background(() => storage.run('bound', () => (emitter.on('data', bindContext(note)), sleepForever())), {
      name: 'listener',
    });
    await waitAllTasksBlocked();
    storage.run('emitter', () => emitter.emit('data'));
    listener.cancel();
    expect(seen).toEqual(['main', 'emitter', 'listener', 'bound']);
  }));

it('sees its scope as it is now: cancelled, or left', () =>
  virtually(async () => {
    let check: () => void = () => {};
    const task = background(async () => {
      check = bindContext(() => throwIfCancelled());
      await sleepForever();
    });
    await waitAllTasksBlocked();
    check();
    task.cancel();
    expect(await failure(check)).toBeInstanceOf(CancelledError);
    await task.wait();
    check(); // the task is over; what is around it is not cancelled
  }));

it('keeps `this`, arguments, result, length and errors', async () => {
  const fn = function (this: { base: number }, a: number, b: number): number {
    if (b < 0) throw new RangeError('negative');
    return this.base + a + b;
  };
  const bound = bindContext(fn);
  expectTypeOf(bound).toEqualTypeOf<typeof fn>();
  expect([bound.call({ base: 1 }, 2, 3), bound.length]).toEqual([6, 2]);
  expect(await failure(() => bound.call({ base: 1 }, 2, -3))).toBeInstanceOf(RangeError);
});

it('refuses what is not a function', async () => {
  expect(await refusal(() => bindContext(5 as never))).toMatch('TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn to be a function, got 5');
});
