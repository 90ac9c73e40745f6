import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { CancelledError, InvalidStateError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { currentSignal } from '../../src/core/current-scope.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { currentTask } from '../../src/core/task.ts';
import { isThenable } from '../../src/core/thenable.ts';
import type { Task, TaskState } from '../../src/core/task.ts';
import { moveOnAfter, shield } from '../../src/core/timeout.ts';
import { allTasks } from '../../src/debug/all-tasks.ts';
import { Queue } from '../../src/sync/queue.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, turns, virtually } from '../support/virtual.ts';

describe('cancel', () => {
  it('stops a sleeping task; the second time it is false (TA-01)', () =>
    virtually(async () => {
      const task = background(() => sleep(10, 12));
      await waitAllTasksBlocked();
      expect(task.cancel()).toBe(true);
      expect(task.state).toBe('cancelling');
      expect(await failure(task)).toBeInstanceOf(CancelledError);
      expect([task.state, task.settled, task.cancel(), now()]).toEqual(['cancelled', true, false, 0]);
    }));

  it('before the first step keeps the reason; the body runs to its first checkpoint (TA-03)', () =>
    virtually(async () => {
      const log: string[] = [];
      const task = background(async () => {
        log.push('began');
        await sleep(10);
        log.push('went on');
      });
      expect(task.state).toBe('pending');
      task.cancel('before');
      expect(task.state).toBe('cancelling');
      expect(await failure(task)).toMatchObject({ reason: 'before' });
      expect(log).toEqual(['began']);
    }));

  it('that the task catches and answers with a value leaves it done (TA-07)', () =>
    virtually(async () => {
      const task = background(async () => {
        try {
          return await sleep(10, 1);
        } catch {
          return 42;
        }
      });
      await waitAllTasksBlocked();
      task.cancel();
      expect([await task, task.state]).toEqual([42, 'done']);
    }));

  it('of the current task throws at its next checkpoint (TA-09)', () =>
    virtually(async () => {
      const log: string[] = [];
      const task = background(async ({ task }) => {
        task.cancel();
        log.push('still running');
        await sleep(10);
        log.push('never');
      });
      await task.wait();
      expect([task.state, log]).toEqual(['cancelled', ['still running']]);
    }));

  it('of the current task, then awaiting another: the await throws, and the other is not cancelled (TA-11)', () =>
    virtually(async () => {
      const other = background(() => sleep(10, 'other'));
      const task = background(async ({ task }) => {
        task.cancel();
        await other;
      });
      await task.wait();
      expect([task.state, other.state, await other]).toEqual(['cancelled', 'running', 'other']);
    }));

  it('passes through nested async functions in order (TA-13)', () =>
    virtually(async () => {
      const log: string[] = [];
      const level = async (n: number): Promise<void> => {
        try {
          if (n === 0) await sleepForever();
          else await level(n - 1);
        } finally {
          log.push(`level ${n}`);
        }
      };
      const task = background(() => level(2));
      await waitAllTasksBlocked();
      task.cancel();
      await task.wait();
      expect(log).toEqual(['level 0', 'level 1', 'level 2']);
    }));

  it('of a task that another one awaits cancels the wait with it', () =>
    virtually(async () => {
      const inner = background(() => sleepForever());
      const outer = background(() => inner);
      await waitAllTasksBlocked();
      inner.cancel('inner');
      await outer.wait();
      expect([outer.state, outer.error()]).toEqual(['cancelled', expect.objectContaining({ reason: 'inner' })]);
    }));

  it('of a task whose function only returned another task stops the wait, not that task', () =>
    virtually(async () => {
      const inner = background(() => sleep(50, 'inner'));
      const outer = background(() => inner);
      await waitAllTasksBlocked();
      outer.cancel();
      await outer.wait();
      expect([outer.state, inner.state, now()]).toEqual(['cancelled', 'running', 0]);
    }));

  it('aborts the signal of the task, which is made on first read', () =>
    virtually(async () => {
      const task = background(async ({ signal }) => {
        expect(signal).toBe(currentSignal());
        await failure(() => sleepForever());
        return signal.reason as unknown;
      });
      await waitAllTasksBlocked();
      task.cancel('why');
      expect(await task).toMatchObject({ reason: 'why' });
    }));

  it('is false for a task that has failed', () =>
    virtually(async () => {
      const task = background(() => Promise.reject(new Error('boom')));
      await failure(task);
      expect([task.cancel(), task.state]).toEqual([false, 'failed']);
    }));
});

describe('awaiting', () => {
  it('gives the value to everybody who asks, before and after the end', () =>
    virtually(async () => {
      const task = background(() => sleep(10, 'value'));
      expectTypeOf(await task).toEqualTypeOf<string>();
      const seen: string[] = [];
      await withTaskGroup((tg) => {
        for (let i = 0; i < 3; i++) tg.spawn(async () => void seen.push(await task));
      });
      expect(seen).toEqual(['value', 'value', 'value']);
    }));

  it('is a checkpoint, also when the task has settled, and never cancels it', () =>
    virtually(async () => {
      const settled = background(() => 'value');
      const running = background(() => sleep(10, 'value'));
      await settled;
      await new CancelScope().run(async (s) => {
        s.cancel('why');
        for (const t of [settled, running]) expect(await failure(t)).toMatchObject({ reason: 'why' });
        expect(await failure(() => running.wait())).toMatchObject({ reason: 'why' });
      });
      expect(await running).toBe('value');
    }));

  it('cancelled leaves the others who await, and the task, alone (FU-07)', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const task = background(() => sleep(10, 'value'));
        const [a, b] = [tg.spawn(() => task), tg.spawn(() => task)];
        await waitAllTasksBlocked();
        a.cancel();
        expect([await b, a.state, task.state]).toEqual(['value', 'cancelled', 'done']);
      }),
    ));

  it('itself is refused, because it would never end', () =>
    virtually(async () => {
      const task: Task<unknown> = background(async ({ task }) => {
        await checkpoint();
        return [await refusal(() => task), await moveOnAfter(10, () => refusal(() => task.wait()))];
      }, { name: 'narcissus' }); // prettier-ignore
      const message = 'InvalidStateError OFFLOOP_INVALID_STATE: Task "narcissus" cannot await itself: it would never settle';
      expect(await task).toEqual([message, message]);
    }));

  it('has then, catch and finally, and is no Promise', () =>
    virtually(async () => {
      const good = background(() => 1);
      const bad = background(() => Promise.reject(new Error('boom')));
      const log: unknown[] = [];
      expect(await good.then((n) => n + 1)).toBe(2);
      expect(await good.finally(() => log.push('finally'))).toBe(1);
      expect(await good.catch(() => 'caught')).toBe(1);
      expect(await bad.catch((e: unknown) => (e as Error).message)).toBe('boom');
      expect(await failure(bad.finally(() => log.push('finally')))).toMatchObject({ message: 'boom' });
      expect(log).toEqual(['finally', 'finally']);
      expect(good).not.toBeInstanceOf(Promise);
      expect([isThenable(good), isThenable(null), isThenable({ then: 1 })]).toEqual([true, false, false]);
    }));
});

describe('the outcome', () => {
  it('cannot be asked for before the end: result() and error() throw (TA-31)', () =>
    virtually(async () => {
      const task = background(() => sleep(10, 'value'), { name: 'fetcher' });
      expect(await refusal(() => task.result())).toBe('InvalidStateError OFFLOOP_INVALID_STATE: Task "fetcher" has not settled yet (pending): no result');
      expect(() => task.error()).toThrow(InvalidStateError);
      await task;
      expect([task.result(), task.error()]).toEqual(['value', undefined]);
    })); // prettier-ignore

  it('of a task that failed: result() throws, error() gives the error (TA-31)', () =>
    virtually(async () => {
      const boom = new Error('boom');
      const task = background(() => Promise.reject(boom));
      await task.wait();
      expect(() => task.result()).toThrow(boom);
      expect(task.error()).toBe(boom);
    }));

  it('of a task that was cancelled is the CancelledError (TA-31)', () =>
    virtually(async () => {
      const task = background(() => sleepForever());
      task.cancel('why');
      await task.wait();
      expect(() => task.result()).toThrow(CancelledError);
      expect(task.error()).toMatchObject({ reason: 'why' });
    }));

  it('wait() settles without throwing it (TA-31)', () =>
    virtually(async () => {
      const tasks = [background(() => 1), background(() => Promise.reject(new Error('boom'))), background(() => sleepForever())];
      tasks[2]?.cancel();
      for (const t of tasks) expect(await t.wait()).toBeUndefined();
      for (const t of tasks) expect(await t.wait()).toBeUndefined();
      expect(tasks.map((t) => t.state)).toEqual(['done', 'failed', 'cancelled']);
      await failure(tasks[1]!);
    }));

  it('keeps the stack of the original error (TA-29)', () =>
    virtually(async () => {
      const task = background(function thrower() {
        throw new Error('boom');
      });
      expect(((await failure(task)) as Error).stack).toContain('thrower');
    }));

  it('is cancelled when the function passes on the AbortError that the cancellation has caused', () =>
    virtually(async () => {
      const task = background(async ({ signal }) => {
        await failure(() => sleepForever());
        throw Object.assign(new Error('aborted', { cause: signal.reason }), { name: 'AbortError' });
      });
      await waitAllTasksBlocked();
      task.cancel('why');
      await task.wait();
      expect([task.state, task.error()]).toEqual(['cancelled', expect.objectContaining({ code: 'OFFLOOP_CANCELLED', reason: 'why' })]);
    }));
});

it('the states are passed through in order (TA-31)', () =>
  virtually(async () => {
    const seen: TaskState[] = [];
    const task = background(async ({ task }) => {
      seen.push(task.state);
      await failure(() => sleepForever());
      seen.push(task.state);
      await shield(() => sleep(1));
    });
    seen.push(task.state);
    await waitAllTasksBlocked();
    task.cancel();
    await task;
    seen.push(task.state);
    expect(seen).toEqual(['pending', 'running', 'cancelling', 'done']);
  }));

describe('onSettled', () => {
  it('calls back once, with the task, whatever the outcome', () =>
    virtually(async () => {
      const heard: string[] = [];
      const tasks = [background(() => 1), background(() => Promise.reject(new Error('boom'))), background(() => sleepForever())];
      for (const t of tasks) t.onSettled((x) => heard.push(`${x === t} ${x.state}`));
      tasks[2]?.cancel();
      for (const t of tasks) await t.catch(() => {});
      expect(heard.sort()).toEqual(['true cancelled', 'true done', 'true failed']);
    }));

  it('of a settled task calls back one microtask later', () =>
    virtually(async () => {
      const task = background(() => 1);
      await task;
      const log: string[] = [];
      task.onSettled(() => log.push('called back'));
      const gone = task.onSettled(() => log.push('never'));
      gone[Symbol.dispose]();
      log.push('registered');
      await turns(1);
      expect(log).toEqual(['registered', 'called back']);
    }));

  it('disposed does not call back, not even when another callback does it (FU-05)', () =>
    virtually(async () => {
      const log: string[] = [];
      const task = background(() => 1);
      const first = task.onSettled(() => log.push('disposed early'));
      first[Symbol.dispose]();
      first[Symbol.dispose]();
      task.onSettled(() => third[Symbol.dispose]());
      const third = task.onSettled(() => log.push('disposed by a callback'));
      task.onSettled(() => log.push('kept'));
      await task;
      expect(log).toEqual(['kept']);
    }));

  it('that throws is reported with its name, and the others are called', () =>
    virtually(async ({ reports }) => {
      const log: string[] = [];
      const task = background(() => 1);
      task.onSettled(function broken() {
        throw new Error('in callback');
      });
      task.onSettled(() => log.push('second'));
      await task;
      expect(log).toEqual(['second']);
      expect(reports).toEqual([
        { message: 'Exception in callback broken', error: expect.objectContaining({ message: 'in callback' }), task },
      ]);
    }));

  it('refuses what is no function', async () =>
    virtually(async () => {
      const task = background(() => 1);
      expect(await refusal(() => task.onSettled(5 as never))).toBe('TypeError OFFLOOP_INVALID_ARGUMENT: Expected cb to be a function, got 5 (number)');
    })); // prettier-ignore
});

describe('the current task', () => {
  it('is undefined outside of tasks (TA-19)', () => {
    expect(currentTask()).toBeUndefined();
  });

  it('is the one the code runs in, also in nested scopes and after waits (TA-19)', () =>
    virtually(({ task: main }) =>
      withTaskGroup(async (tg) => {
        const child = tg.spawn(async ({ task }) => {
          await checkpoint();
          expect(currentTask()).toBe(task);
          await shield(() => expect(currentTask()).toBe(task));
        });
        expect(currentTask()).toBe(main);
        await child;
        expect(currentTask()).toBe(main);
      }),
    ));
});

describe('async context', () => {
  const storage = new AsyncLocalStorage<string>();

  it('of a child is that of its spawning; later changes are invisible both ways (TA-21)', () =>
    virtually(() =>
      storage.run('parent', () =>
        withTaskGroup(async (tg) => {
          const seen: unknown[] = [];
          tg.spawn(async () => {
            seen.push(storage.getStore());
            storage.enterWith('child');
            await sleep(10);
            seen.push(storage.getStore());
          });
          await sleep(5);
          seen.push(storage.getStore());
          storage.enterWith('parent, later');
          await sleep(10);
          expect(seen).toEqual(['parent', 'parent', 'child']);
        }),
      ),
    ));

  it('of a hundred interleaved tasks stays apart (TA-23)', () =>
    virtually(() =>
      withTaskGroup((tg) => {
        for (let i = 0; i < 100; i++) {
          tg.spawn(() =>
            storage.run(`store ${i}`, async () => {
              for (let n = 0; n < 5; n++) {
                await (i % 2 === 0 ? checkpoint() : sleep(i % 7));
                expect(storage.getStore()).toBe(`store ${i}`);
              }
            }),
          );
        }
      }),
    ));
});

describe('an eager task', () => {
  it('without a wait is settled when spawn returns (EA-01)', () =>
    virtually(() =>
      withTaskGroup((tg) => {
        const task = tg.spawn(() => 42, { eager: true });
        expect([task.state, task.result(), tg.size]).toEqual(['done', 42, 0]);
        const failed = tg.spawn(() => { throw new Error('boom'); }, { eager: true }); // prettier-ignore
        expect([failed.state, failed.error()]).toEqual(['failed', expect.objectContaining({ message: 'boom' })]);
      }).catch(() => {}),
    ));

  it('that has ended cannot be cancelled, and keeps its value (EA-03)', () =>
    virtually(async () => {
      const task = background(() => 42, { eager: true });
      expect([task.cancel(), task.state, await task]).toEqual([false, 'done', 42]);
    }));

  it('runs to its first wait, then goes on by itself', () =>
    virtually(async () => {
      const log: string[] = [];
      const task = background(
        async () => {
          log.push('began');
          await checkpoint();
          log.push('went on');
        },
        { eager: true },
      );
      log.push('spawned');
      await task;
      expect(log).toEqual(['began', 'spawned', 'went on']);
    }));

  it('is the current task in its eager part; afterwards the parent is again (EA-05)', () =>
    virtually(async ({ task: main }) => {
      let inside: unknown;
      const task = background(() => void (inside = currentTask()), { eager: true });
      expect([inside === task, currentTask() === main]).toEqual([true, true]);
    }));

  it('sees the store of its parent, and its own change does not leak to the parent (EA-07)', () =>
    virtually(async () => {
      const storage = new AsyncLocalStorage<string>();
      await storage.run('parent', async () => {
        const seen: unknown[] = [];
        const task = background(
          async () => {
            seen.push(storage.getStore());
            storage.enterWith('child');
            await checkpoint();
            seen.push(storage.getStore());
          },
          { eager: true },
        );
        seen.push(storage.getStore());
        await checkpoint();
        seen.push(storage.getStore());
        await task;
        expect(seen).toEqual(['parent', 'parent', 'child', 'parent']);
      });
    }));
});

describe('a failure', () => {
  it('that nobody awaits is reported exactly once, one turn later (TA-33)', () =>
    virtually(async ({ reports }) => {
      const boom = new Error('boom');
      const task = background(() => Promise.reject(boom), { name: 'culprit' });
      await Promise.resolve().then(() => {});
      expect(reports).toEqual([]);
      await turns(3);
      expect(reports).toEqual([{ message: 'Task exception was never retrieved', error: boom, task }]);
      await failure(task);
      await turns(2);
      expect(reports).toHaveLength(1);
    }));

  it('that is awaited later in the same macrotask is not reported (TA-33)', () =>
    virtually(async ({ reports }) => {
      const task = background(() => Promise.reject(new Error('boom')));
      while (!task.settled) await Promise.resolve();
      await failure(task);
      await turns(3);
      expect(reports).toEqual([]);
    }));

  it('whose wait was cancelled before it happened is reported: nobody has it', () =>
    virtually(async ({ reports }) => {
      const task = background(async () => {
        await sleep(50);
        throw new Error('late');
      });
      expect(await moveOnAfter(10, () => task, { fallback: 'moved on' })).toBe('moved on');
      await sleep(100);
      expect(reports).toMatchObject([{ message: 'Task exception was never retrieved', error: { message: 'late' } }]);
    }));

  it('that only wait() has seen counts as not retrieved, and result() or error() retrieves it', () =>
    virtually(async ({ reports }) => {
      const a = background(() => Promise.reject(new Error('a')));
      const b = background(() => Promise.reject(new Error('b')));
      await Promise.all([a.wait(), b.wait()]);
      b.error();
      await turns(3);
      expect(reports).toMatchObject([{ error: { message: 'a' } }]);
    }));
});

describe('identity', () => {
  it('has a number of its own, and a name that can be changed', () =>
    virtually(async () => {
      const [a, b] = [background(async function worker() {}), background((() => () => {})())];
      expect(b.id).toBeGreaterThan(a.id);
      expect([a.name, b.name]).toEqual(['worker', `Task-${b.id}`]);
      a.name = 'renamed';
      expect([a.name, inspect({ a })]).toEqual(['renamed', `{ a: <Task #${a.id} "renamed" pending> }`]);
    }));
});

it('100,000 tasks, cancelled at random, leave no task, no timer and no waiter behind', () =>
  virtually(async ({ clock, task: main }) => {
    const queue = new Queue<number>();
    let seed = 7;
    const random = (n: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % n;
    await withTaskGroup(async (tg) => {
      const tasks = Array.from({ length: 100_000 }, (_, i) =>
        tg.spawn<unknown>(() => (i % 4 === 0 ? queue.get() : i % 4 === 1 ? shield(() => sleep(random(5))) : sleep(random(1_000)))),
      );
      await checkpoint();
      for (let i = 0; i < 60_000; i++) tasks[random(tasks.length)]?.cancel();
      await sleep(500);
      tg.cancel();
    });
    expect([allTasks().size, queue.statistics().waitingGet]).toEqual([1, 0]);
    expect((main as unknown as { first: unknown }).first).toBeNull();
    const before = clock.now();
    await new Promise((r) => setTimeout(r, 10));
    expect(clock.now()).toBe(before);
  }));
