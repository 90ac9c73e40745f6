import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { CancelledError, InvalidStateError, TaskGroupError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import type { StartContext } from '../../src/core/start.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import type { TaskGroup } from '../../src/core/task-group.ts';
import { currentTask } from '../../src/core/task.ts';
import type { Task, TaskCore } from '../../src/core/task.ts';
import { moveOnAfter, shield } from '../../src/core/timeout.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

const boom = new Error('boom');
/** Is ready after `ms` milliseconds, and ends after as many again. */
const server =
  (ms: number) =>
  async (ctx: StartContext<string>): Promise<number> => {
    await sleep(ms);
    ctx.started(`ready at ${now()}`);
    await sleep(ms);
    return now();
  };
const parentOf = (task: Task<unknown> | undefined): string | undefined => (task as TaskCore | undefined)?.parentTask?.name;
const leaves = (error: unknown): unknown[] => (error as TaskGroupError).leaves();

describe('tg.start', () => {
  it('resolves with the value given to started, at that moment; the group waits for the rest of the child (ST-01)', () =>
    virtually(async () => {
      let task: Task<number> | undefined;
      await withTaskGroup(async (tg) => {
        const child = await tg.start(server(10));
        expectTypeOf(child).toEqualTypeOf<{ value: string; task: Task<number> }>();
        task = child.task;
        expect([child.value, now(), task.state, tg.size]).toEqual(['ready at 10', 10, 'running', 1]);
      });
      expect([task?.result(), now()]).toEqual([20, 20]);
    }));

  it('needs no value', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const { value } = await tg.start((ctx) => ctx.started());
        expectTypeOf(value).toEqualTypeOf<void>();
        expect(value).toBeUndefined();
      }),
    ));

  it('hands over the task and its signal, and does not unwrap the value', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        const inner = Promise.resolve(5);
        const { value, task } = await tg.start<Promise<number>>((ctx) => {
          expect([ctx.task === currentTask(), ctx.signal.aborted, ctx.task.name]).toEqual([true, false, 'named']);
          ctx.started(inner);
        }, { name: 'named' }); // prettier-ignore
        expect([value === inner, task.name]).toEqual([true, 'named']);
      }),
    ));

  it('started twice is an InvalidStateError inside the child (ST-03)', () =>
    virtually(async () => {
      const error = await failure(() =>
        withTaskGroup((tg) =>
          tg.start((ctx) => {
            ctx.started();
            ctx.started();
          }),
        ),
      );
      expect(leaves(error)).toEqual([expect.any(InvalidStateError)]);
      expect((leaves(error)[0] as Error).message).toMatch('said before that it has started');
    }));

  it('started after the end of the child is an InvalidStateError', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        let late: StartContext<void> | undefined;
        const error = await failure(() => tg.start((ctx) => void (late = ctx)));
        expect((error as Error).message).toMatch('ended without saying that it has started');
        expect(await refusal(() => late?.started())).toMatch('it is too late to say that it has started');
      }),
    ));

  it('ending without started is an InvalidStateError of start, and no failure of the group', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        expect(
          await refusal(() =>
            tg.start(async function forgets() {
              await sleep(1);
            }),
          ),
        ).toBe(
          // prettier-ignore
          'InvalidStateError OFFLOOP_INVALID_STATE: Task "forgets" ended without saying that it has started',
        );
        await checkpoint();
      }),
    ));

  it('a failure before started comes out of start, and the group goes on if it is caught', () =>
    virtually(async ({ reports }) => {
      await withTaskGroup(async (tg) => {
        const sibling = tg.spawn(() => sleep(20, 'sibling'));
        const fails = async (): Promise<never> => {
          await sleep(5);
          throw boom;
        };
        expect(await failure(() => tg.start(fails))).toBe(boom);
        expect([await sibling, tg.size]).toEqual(['sibling', 0]);
      });
      expect(reports).toEqual([]);
    }));

  it('a failure after started fails the group; start has resolved (ST-05)', () =>
    virtually(async () => {
      let value: unknown;
      const error = await failure(() =>
        withTaskGroup(async (tg) => {
          ({ value } = await tg.start<string>(async (ctx) => {
            ctx.started('ready');
            await sleep(5);
            throw boom;
          }));
          await sleepForever();
        }),
      );
      expect([value, leaves(error)]).toEqual(['ready', [boom]]);
    }));

  it('a failure in the very tick of started is the group’s', () =>
    virtually(async () => {
      const error = await failure(() =>
        withTaskGroup((tg) =>
          tg.start((ctx) => {
            ctx.started();
            throw boom;
          }),
        ),
      );
      expect(leaves(error)).toEqual([boom]);
    }));

  it('after the block has ended is an InvalidStateError, and the function is not called', () =>
    virtually(async () => {
      let tg!: TaskGroup;
      let called = false;
      await withTaskGroup((group) => void (tg = group), { name: 'closed' });
      expect(await refusal(() => tg.start(() => (called = true)))).toMatch(
        'InvalidStateError OFFLOOP_INVALID_STATE: Task group "closed" has ended',
      );
      expect(await refusal(() => tg.start(5 as never))).toMatch('TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn');
      expect(called).toBe(false);
    }));

  it('keeps the block of its group open while it is pending, called from elsewhere (ST-09)', () =>
    virtually(async () => {
      let tg!: TaskGroup;
      const group = background(() => withTaskGroup((group) => void (tg = group)).then(() => now()));
      const keeper = background(async () => {
        tg.spawn(() => sleep(1));
        return tg.start(server(10));
      });
      await keeper;
      expect([now(), group.state, tg.size]).toEqual([10, 'running', 1]);
      expect(await group).toBe(20);
    }).catch((error: unknown) => {
      throw error;
    }));

  it('counts as one of the children that `limit` allows', () =>
    virtually(async () => {
      await withTaskGroup(
        async (tg) => {
          const storage = new AsyncLocalStorage<string>();
          tg.spawn(() => sleep(10));
          const seen = storage.run('caller', () =>
            tg.start<unknown>((ctx) => ctx.started([now(), storage.getStore(), parentOf(currentTask())])),
          );
          tg.spawn(() => sleep(10));
          expect((await seen).value).toEqual([10, 'caller', 'main']);
        },
        { limit: 1 },
      );
      expect(now()).toBe(20);
    }));

  it('takes the options of spawn: eager, and a signal', () =>
    virtually(async () => {
      const controller = new AbortController();
      let begun = false;
      await withTaskGroup(async (tg) => {
        const starting = tg.start((ctx) => ((begun = true), ctx.started(), sleepForever()), { eager: true, signal: controller.signal });
        expect(begun).toBe(true);
        const { task } = await starting;
        controller.abort('enough');
        expect(await failure(task)).toMatchObject({ source: 'signal', reason: 'enough' });
        expect(await refusal(() => tg.start(() => {}, { nam: 1 } as object))).toMatch('Unknown option options.nam');
      });
    }));
});

describe('who a starting child belongs to', () => {
  it('the caller before started, the owner of the group after (ST-13)', () =>
    virtually(async () => {
      const parents: unknown[] = [];
      await withTaskGroup(async (outer) => {
        const child = async (ctx: StartContext<void>): Promise<void> => {
          parents.push(parentOf(currentTask()));
          ctx.started();
          parents.push(parentOf(currentTask()));
        };
        await outer.spawn(async () => void (await outer.start(child)), { name: 'caller' });
      });
      expect(parents).toEqual(['caller', 'main']);
    }));

  it('a caller who is cancelled takes the child that is not ready along, and waits for its cleanup (ST-11)', () =>
    virtually(async () => {
      const log: string[] = [];
      await withTaskGroup(async (tg) => {
        const caller = background(() =>
          tg.start(async () => {
            try {
              await sleepForever();
            } finally {
              await shield(() => sleep(10));
              log.push('cleaned up');
            }
          }),
        );
        await waitAllTasksBlocked();
        caller.cancel('gave up');
        expect(await failure(caller)).toMatchObject({ reason: 'gave up' });
        expect([log, now(), tg.size]).toEqual([['cleaned up'], 10, 0]);
      });
    }));

  it('a caller who is cancelled later has nothing to do with it', () =>
    virtually(async () => {
      let task: Task<unknown> | undefined;
      await withTaskGroup(async (tg) => {
        await moveOnAfter(15, async () => {
          ({ task } = await tg.start(server(10)));
          await sleepForever();
        });
        expect(task?.state).toBe('running');
      });
      expect(task?.state).toBe('done');
    }));

  it('a cancel of the group reaches the child when it is ready, not before', () =>
    virtually(async () => {
      const log: unknown[] = [];
      let tg!: TaskGroup;
      const group = background(() => withTaskGroup((group) => ((tg = group), sleep(5))));
      await waitAllTasksBlocked();
      const caller = background(() =>
        tg.start(async (ctx) => {
          await sleep(20);
          log.push(`ready ${now()}`);
          ctx.started();
          await sleepForever().catch((e: unknown) => log.push((e as CancelledError).reason));
        }),
      );
      await waitAllTasksBlocked();
      tg.cancel('closing');
      await caller;
      await group;
      expect(log).toEqual(['ready 20', 'closing']);
    }));

  it('a group that fails while a child of it starts elsewhere waits for it, then stops it', () =>
    virtually(async () => {
      let tg!: TaskGroup;
      const group = background(() => withTaskGroup((group) => ((tg = group), sleep(5))));
      await waitAllTasksBlocked();
      const caller = background(() => tg.start(server(10)));
      await waitAllTasksBlocked();
      tg.spawn(() => Promise.reject(boom));
      expect(leaves(await failure(group))).toEqual([boom]);
      expect([now(), (await caller).task.state]).toEqual([10, 'cancelled']);
    }));

  it('an error of an inner group cancels a start that is pending on the outer one (ST-15)', () =>
    virtually(async () => {
      let finished = false;
      const error = await failure(() =>
        withTaskGroup((outer) =>
          withTaskGroup(async (inner) => {
            inner.spawn(async () => {
              await waitAllTasksBlocked();
              throw boom;
            });
            await outer.start(async () => {
              await sleep(1000);
              finished = true;
            });
          }),
        ),
      );
      expect((error as TaskGroupError).errors[0]).toBeInstanceOf(TaskGroupError);
      expect([leaves(error), finished, now()]).toEqual([[boom], false, 0]);
    }));
});

describe('start in a cancelled scope', () => {
  it('the child begins but does not finish; the group ends quietly (ST-07)', () =>
    virtually(async () => {
      const log: string[] = [];
      await withTaskGroup(async (tg) => {
        tg.cancel();
        await tg.start(async () => {
          log.push('begun');
          await sleep(2);
          log.push('never');
        });
        log.push('never');
      });
      expect(log).toEqual(['begun']);
    }));

  it('started does nothing then: the child stays with the caller, and its failure comes out of start', () =>
    virtually(async () => {
      const parents: unknown[] = [];
      await withTaskGroup(async (tg) => {
        const caller = background(async () => {
          await new CancelScope().run(async (s) => {
            s.cancel();
            const error = await failure(() =>
              tg.start(async (ctx) => {
                ctx.started();
                parents.push(parentOf(currentTask()));
                expect(() => ctx.started()).toThrow('said before');
                throw boom;
              }),
            );
            expect(error).toBe(boom);
            expect(await failure(() => tg.start((ctx) => (ctx.started(), sleep(1))))).toBeInstanceOf(CancelledError);
          });
        }, { name: 'caller' }); // prettier-ignore
        await caller;
      });
      expect(parents).toEqual(['caller']);
    }));

  it('a child that was ready and ended without a checkpoint has succeeded', () =>
    virtually(async () => {
      await withTaskGroup(async (tg) => {
        const scope = new CancelScope();
        await scope.run(async (s) => {
          s.cancel();
          const { value, task } = await tg.start<string>((ctx) => (ctx.started('ready'), 5));
          expect([value, task.result()]).toEqual(['ready', 5]);
        });
        expect(scope.cancelledCaught).toBe(false);
      });
    }));
});
