import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { CancelledError, InvalidStateError, TaskGroupError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint, throwIfCancelled } from '../../src/core/checkpoint.ts';
import { currentScope } from '../../src/core/current-scope.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import type { TaskGroup } from '../../src/core/task-group.ts';
import type { Task, TaskCore } from '../../src/core/task.ts';
import { moveOnAfter, shield } from '../../src/core/timeout.ts';
import { Queue } from '../../src/sync/queue.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

const groupFailure = async (call: () => unknown): Promise<TaskGroupError> => {
  const error = await failure(call);
  expect(error).toBeInstanceOf(TaskGroupError);
  return error as TaskGroupError;
};
const messages = (error: TaskGroupError): unknown[] =>
  error.errors.map((e: unknown) => (e instanceof TaskGroupError ? messages(e) : (e as Error).message));
const throwAfter = async (ms: number, text: string): Promise<never> => {
  await sleep(ms);
  throw new Error(text);
};

describe('a block', () => {
  it('ends only after both children ended, and their results stay readable (TG-01)', () =>
    virtually(async () => {
      const tasks = await withTaskGroup((tg) => [tg.spawn(() => sleep(100, 42)), tg.spawn(() => sleep(200, 11))] as const);
      expect(now()).toBe(200);
      expect([tasks[0].result(), tasks[1].result()]).toEqual([42, 11]);
    }));

  it('resolves with the value of its body', () =>
    virtually(async () => {
      const value = await withTaskGroup(async (tg) => {
        tg.spawn(() => sleep(50));
        return 'value' as const;
      });
      expectTypeOf(value).toEqualTypeOf<'value'>();
      expect([value, now()]).toEqual(['value', 50]);
    }));

  it('waits for a child that a child spawned (TG-23)', () =>
    virtually(async () => {
      const log: string[] = [];
      await withTaskGroup((tg) => {
        tg.spawn(async () => {
          await sleep(10);
          tg.spawn(async () => {
            await sleep(10);
            log.push('grandchild');
          });
          log.push('child');
        });
      });
      expect([log, now()]).toEqual([['child', 'grandchild'], 20]);
    }));

  it('counts the children that have not settled', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        expect(tg.size).toBe(0);
        tg.spawn(() => sleep(10));
        tg.spawn(() => sleep(20));
        expect(tg.size).toBe(2);
        await sleep(15);
        expect(tg.size).toBe(1);
      }),
    ));

  it('without children lets others run once (TG-41)', () =>
    virtually(() =>
      withTaskGroup(async (tg) => {
        let ran = 0;
        tg.spawn(() => void ran++);
        await withTaskGroup(() => {});
        expect(ran).toBe(1);
      }),
    ));

  it('without children, ever again, does not starve timers and I/O (TG-41)', () =>
    virtually(async () => {
      const log: string[] = [];
      setImmediate(() => log.push('turn'));
      for (let i = 0; i < 100_000 && log.length === 0; i++) await withTaskGroup(() => {});
      expect(log).toEqual(['turn']);
    }));
});

describe('when a child fails', () => {
  it('the others and the body are cancelled, and only real errors are listed (TG-05)', () =>
    virtually(async () => {
      let slept = false;
      const error = await groupFailure(() =>
        withTaskGroup(async (tg) => {
          for (const name of ['a', 'b', 'c']) tg.spawn(() => throwAfter(10, name));
          await sleep(100);
          slept = true;
        }),
      );
      expect(error.errors.length).toBeGreaterThanOrEqual(1);
      for (const e of error.errors) expect(e).not.toBeInstanceOf(CancelledError);
      expect([slept, now()]).toEqual([false, 10]);
    }));

  it('all that failed without waiting are listed, in order (TG-05)', () =>
    virtually(async () => {
      const error = await groupFailure(() =>
        withTaskGroup((tg) => {
          for (const name of ['a', 'b', 'c']) {
            tg.spawn(() => {
              throw new Error(name);
            });
          }
        }),
      );
      expect(messages(error)).toEqual(['a', 'b', 'c']);
      expect(error.message).toBe('unhandled errors in a task group (3)');
    }));

  it('body and siblings that sleep see it at once (TG-07)', () =>
    virtually(async () => {
      const seen: string[] = [];
      const observe = async (name: string): Promise<void> => {
        try {
          await sleep(1_000);
        } catch (e) {
          seen.push(`${name} ${(e as CancelledError).source} at ${now()}`);
          throw e;
        }
      };
      await groupFailure(() =>
        withTaskGroup(async (tg) => {
          tg.spawn(() => throwAfter(20, 'boom'));
          tg.spawn(() => observe('child'));
          await observe('body');
        }),
      );
      expect(seen.sort()).toEqual(['body sibling at 20', 'child sibling at 20']);
    }));

  it('the cancellation names the task and the error (CS-29)', () =>
    virtually(async () => {
      const boom = new Error('boom');
      let seen: unknown;
      await groupFailure(() =>
        withTaskGroup(async (tg) => {
          tg.spawn(() => Promise.reject(boom), { name: 'culprit' });
          seen = await failure(() => sleepForever());
        }),
      );
      expect(seen).toMatchObject({ source: 'sibling', by: 'culprit', reason: boom, cause: boom, message: 'cancelled: a sibling task failed by "culprit" (boom)' }); // prettier-ignore
    }));

  it('while the body is inside an inner group, the inner one ends in silence and the error is flat (TG-13)', () =>
    virtually(async () => {
      const error = await groupFailure(() =>
        withTaskGroup(async (outer) => {
          outer.spawn(() => throwAfter(10, 'boom'));
          await withTaskGroup(async (inner) => {
            inner.spawn(() => sleepForever());
            await sleepForever();
          });
        }),
      );
      expect(messages(error)).toEqual(['boom']);
    }));

  it('and the body throws something else while it unwinds, both are listed (TG-19)', () =>
    virtually(async () => {
      const error = await groupFailure(() =>
        withTaskGroup(async (tg) => {
          tg.spawn(() => throwAfter(10, 'child'));
          try {
            await sleepForever();
          } finally {
            // eslint-disable-next-line no-unsafe-finally -- what the test is about
            throw new Error('body');
          }
        }),
      );
      expect(messages(error)).toEqual(['child', 'body']);
    }));

  it('and the body fails by itself, both are listed (TG-51)', () =>
    virtually(async () => {
      const error = await groupFailure(() =>
        withTaskGroup((tg) => {
          tg.spawn(() => {
            throw new Error('child');
          });
          throw new Error('body');
        }),
      );
      expect(new Set(messages(error))).toEqual(new Set(['body', 'child']));
    }));

  it('the scope around is not cancelled, once the error was caught (TG-31)', () =>
    virtually(async () => {
      await groupFailure(() => withTaskGroup((tg) => void tg.spawn(() => throwAfter(5, 'boom'))));
      throwIfCancelled();
      await checkpoint();
      expect(currentScope()?.cancelCalled).toBe(false);
    }));

  it('a child may spawn one more, which runs to its first checkpoint; the error stays the same (TG-27)', () =>
    virtually(async () => {
      const log: string[] = [];
      const error = await groupFailure(() =>
        withTaskGroup((tg) => {
          tg.spawn(() => throwAfter(10, 'boom'));
          tg.spawn(async () => {
            try {
              await sleepForever();
            } finally {
              const late = tg.spawn(async () => {
                log.push('late began');
                await sleep(0);
                log.push('late went on');
              });
              late.onSettled((t) => log.push(t.state));
            }
          });
        }),
      );
      expect([messages(error), log]).toEqual([['boom'], ['late began', 'cancelled']]);
    }));

  it("with errors: 'first' the error itself comes out, and later ones go to the exception handler", () =>
    virtually(async ({ reports }) => {
      const boom = new Error('first');
      const error = await failure(() =>
        withTaskGroup(
          (tg) => {
            tg.spawn(() => Promise.reject(boom));
            tg.spawn(() => {
              throw new Error('second');
            });
          },
          { errors: 'first', name: 'downloads' },
        ),
      );
      expect(error).toMatchObject({ message: expect.stringMatching(/first|second/) });
      expect(reports).toMatchObject([{ message: 'Another error in task group "downloads"', error: { message: expect.stringMatching(/first|second/) } }]);
      expect(reports[0]?.error).not.toBe(error);
    })); // prettier-ignore

  it('any thrown value counts as an error', () =>
    virtually(async () => {
      const error = await groupFailure(() =>
        withTaskGroup((tg) => {
          for (const value of [undefined, null, 'text', 0]) {
            tg.spawn(() => {
              throw value;
            });
          }
        }),
      );
      expect(error.errors).toEqual([undefined, null, 'text', 0]);
    }));
});

describe('when the body fails', () => {
  it('the children end cancelled, and the error comes in a group (TG-09)', () =>
    virtually(async () => {
      const boom = new Error('boom');
      let children: Task<void>[] = [];
      const error = await groupFailure(() =>
        withTaskGroup(async (tg) => {
          children = [tg.spawn(() => sleepForever()), tg.spawn(() => sleep(1_000))];
          await sleep(10);
          throw boom;
        }),
      );
      expect(error.errors).toEqual([boom]);
      expect(children.map((t) => t.state)).toEqual(['cancelled', 'cancelled']);
      expect(children[0]?.error()).toMatchObject({ source: 'body', reason: boom });
      expect(now()).toBe(10);
    }));

  it('synchronously, the children still run to their first checkpoint', () =>
    virtually(async () => {
      let began = false;
      const error = await groupFailure(() =>
        withTaskGroup((tg) => {
          tg.spawn(async () => {
            began = true;
            await sleepForever();
          });
          throw new Error('boom');
        }),
      );
      expect([messages(error), began]).toEqual([['boom'], true]);
    }));
});

describe('when a child is cancelled by itself', () => {
  it('its sibling completes, and the group does not fail (TG-03)', () =>
    virtually(async () => {
      const [a, b] = await withTaskGroup(async (tg) => {
        const a = tg.spawn(() => sleepForever());
        const b = tg.spawn(() => sleep(100, 'b'));
        await sleep(10);
        expect(a.cancel('enough')).toBe(true);
        return [a, b] as const;
      });
      expect([a.state, a.error(), b.result()]).toEqual(['cancelled', expect.objectContaining({ reason: 'enough' }), 'b']);
    }));
});

/** A task that holds what `body` does, to be cancelled from outside. */
async function interrupted(body: () => Promise<unknown>, act: (owner: Task<unknown>) => void): Promise<[owner: Task<unknown>]> {
  const owner = background(body, { name: 'owner' });
  owner.catch(() => {});
  await waitAllTasksBlocked();
  act(owner);
  await owner.wait();
  return [owner]; // not the task itself: it is a thenable, and would be awaited
}

describe('when the owner is cancelled from outside', () => {
  it('the children are cancelled and joined, and CancelledError comes out bare', () =>
    virtually(async () => {
      const log: string[] = [];
      const [owner] = await interrupted(
        () =>
          withTaskGroup(async (tg) => {
            tg.spawn(async () => {
              try {
                await sleepForever();
              } finally {
                await shield(() => sleep(50));
                log.push(`cleaned at ${now()}`);
              }
            });
            await sleepForever();
          }),
        (t) => t.cancel('stop'),
      );
      expect(owner.error()).toMatchObject({ code: 'OFFLOOP_CANCELLED', reason: 'stop' });
      expect(log).toEqual(['cleaned at 50']);
    }));

  it('a group that never had a child passes the CancelledError on as it is (TG-17)', () =>
    virtually(async () => {
      const [owner] = await interrupted(
        () => withTaskGroup(() => sleepForever()),
        (t) => t.cancel('stop'),
      );
      expect([owner.state, owner.error()]).toEqual(['cancelled', expect.objectContaining({ reason: 'stop', source: 'explicit' })]);
    }));

  it('through two groups, errors of the inner children come in a group inside a group (TG-11)', () =>
    virtually(async () => {
      const failing = async (name: string): Promise<void> => {
        try {
          await sleepForever();
        } finally {
          // eslint-disable-next-line no-unsafe-finally -- what the test is about
          throw new Error(name);
        }
      };
      const [owner] = await interrupted(
        () =>
          withTaskGroup(async () => {
            await withTaskGroup(async (inner) => {
              inner.spawn(() => failing('a'));
              inner.spawn(() => failing('b'));
              await sleepForever();
            });
          }),
        (t) => t.cancel(),
      );
      expect(owner.state).toBe('failed');
      expect(messages(owner.error() as TaskGroupError)).toEqual([['a', 'b']]);
    }));

  it('and a child fails during shielded cleanup, the group error comes out (TG-15)', () =>
    virtually(async () => {
      const [owner] = await interrupted(
        () =>
          withTaskGroup(async (tg) => {
            tg.spawn(() => shield(() => throwAfter(20, 'child')));
            try {
              await sleepForever();
            } finally {
              await shield(() => sleep(50));
            }
          }),
        (t) => t.cancel(),
      );
      expect(messages(owner.error() as TaskGroupError)).toEqual(['child']);
    }));

  it('just after it spawned: a clean CancelledError (TG-21)', () =>
    virtually(async () => {
      let began = 0;
      const owner = background(async ({ task }) => {
        await withTaskGroup(async (tg) => {
          for (let i = 0; i < 3; i++) {
            tg.spawn(async () => {
              began++;
              await sleepForever();
            });
          }
          task.cancel('right away');
          await checkpoint();
        });
      });
      expect(await failure(owner)).toMatchObject({ reason: 'right away' });
      expect(began).toBe(3);
    }));

  it('in the tick in which a child that was woken throws: the error first, then, at the next checkpoint, the CancelledError (TG-33)', () =>
    virtually(async () => {
      const gate = new Queue<void>();
      const log: unknown[] = [];
      await interrupted(
        async () => {
          const error = await groupFailure(() =>
            withTaskGroup(async (tg) => {
              tg.spawn(async () => {
                await gate.get();
                throw new Error('woken');
              });
              await sleepForever();
            }),
          );
          log.push(...messages(error));
          log.push((await failure(() => checkpoint())) instanceof CancelledError);
        },
        (owner) => {
          gate.putNowait();
          owner.cancel();
        },
      );
      expect(log).toEqual(['woken', true]);
    }));
});

describe('tg.cancel()', () => {
  it('stops body and children, and the block resolves with undefined', () =>
    virtually(async () => {
      let child: Task<void> | undefined;
      const value = await withTaskGroup(async (tg) => {
        child = tg.spawn(() => sleepForever());
        tg.cancel();
        await sleepForever();
        return 'never';
      });
      expect([value, child?.state]).toEqual([undefined, 'cancelled']);
    }));

  it('after the body has its value keeps the value', () =>
    virtually(async () => {
      const value = await withTaskGroup(async (tg) => {
        tg.spawn(async () => {
          await sleep(10);
          tg.cancel();
        });
        tg.spawn(() => sleepForever());
        return 'kept';
      });
      expect([value, now()]).toEqual(['kept', 10]);
    }));

  it('by a child works the same, also when another child was woken in that tick and throws (TG-35)', () =>
    virtually(async () => {
      const gate = new Queue<void>();
      const error = await groupFailure(() =>
        withTaskGroup(async (tg) => {
          tg.spawn(async () => {
            await gate.get();
            throw new Error('woken');
          });
          tg.spawn(async () => {
            await sleep(5);
            gate.putNowait();
            tg.cancel();
          });
          await sleepForever();
        }),
      );
      expect(messages(error)).toEqual(['woken']);
      await checkpoint();
    }));

  it('lets errors through that children throw while they unwind (TG-37)', () =>
    virtually(async () => {
      const error = await groupFailure(() =>
        withTaskGroup(async (tg) => {
          tg.spawn(async () => {
            try {
              await sleepForever();
            } catch {
              throw new Error('while unwinding');
            }
          });
          await waitAllTasksBlocked();
          tg.cancel();
        }),
      );
      expect(messages(error)).toEqual(['while unwinding']);
    }));

  it('of two levels, with errors in cleanup, keeps the nesting and shows no CancelledError (TG-49)', () =>
    virtually(async () => {
      const failing = async (name: string): Promise<void> => {
        try {
          await sleepForever();
        } finally {
          // eslint-disable-next-line no-unsafe-finally -- what the test is about
          throw new Error(name);
        }
      };
      const error = await groupFailure(() =>
        withTaskGroup(async (outer) => {
          outer.spawn(() => failing('a'));
          outer.spawn(() =>
            withTaskGroup((inner) => {
              inner.spawn(() => failing('b'));
              inner.spawn(() => failing('c'));
              inner.spawn(() => sleepForever());
            }),
          );
          await waitAllTasksBlocked();
          outer.cancel();
        }),
      );
      expect(messages(error)).toEqual(['a', ['b', 'c']]);
    }));

  it('shows its reason on the error (TG-53)', () =>
    virtually(async ({ task }) => {
      let seen: unknown;
      await withTaskGroup(async (tg) => {
        tg.cancel('enough');
        seen = await failure(() => checkpoint());
      });
      expect(seen).toMatchObject({ source: 'explicit', reason: 'enough', by: task.name });
    }));

  it('by an eager child before its first await cancels that child too; nothing hangs (TG-39)', () =>
    virtually(async () => {
      let child: Task<void> | undefined;
      await withTaskGroup((tg) => {
        child = tg.spawn(
          async () => {
            tg.cancel();
            await sleepForever();
          },
          { eager: true },
        );
      });
      expect(child?.state).toBe('cancelled');
    }));

  it('before it spawns: the newcomer starts and fails at its first checkpoint (TG-47)', () =>
    virtually(async () => {
      const log: string[] = [];
      await withTaskGroup((tg) => {
        tg.cancel();
        tg.spawn(async () => {
          log.push('began');
          await checkpoint();
          log.push('went on');
        });
      });
      expect(log).toEqual(['began']);
    }));

  it('shows in the flags of its scope', () =>
    virtually(async () => {
      const groups: TaskGroup[] = [];
      await withTaskGroup((tg) => void groups.push(tg));
      await withTaskGroup(async (tg) => {
        groups.push(tg);
        tg.cancel();
        await sleepForever();
      });
      await withTaskGroup(async (tg) => {
        groups.push(tg);
        tg.spawn(() => sleepForever());
        await checkpoint();
        tg.cancel();
      });
      expect(groups.map((g) => [g.scope.cancelCalled, g.scope.cancelledCaught])).toEqual([[false, false], [true, true], [true, true]]); // prettier-ignore
    }));

  it('through its scope, and a deadline set on its scope, end the group quietly', () =>
    virtually(async () => {
      await withTaskGroup(async (tg) => {
        tg.scope.cancel();
        await sleepForever();
      });
      await withTaskGroup(async (tg) => {
        tg.scope.deadline = now() + 25;
        await sleepForever();
      });
      expect(now()).toBe(25);
    }));

  it('together with a cancellation from outside passes the outer one on', () =>
    virtually(async () => {
      const [owner] = await interrupted(
        () =>
          withTaskGroup(async (tg) => {
            tg.spawn(async () => {
              await failure(() => sleepForever());
              tg.cancel();
              await shield(() => sleep(10));
            });
            await sleepForever();
          }),
        (t) => t.cancel('outer'),
      );
      expect(owner.error()).toMatchObject({ reason: 'outer' });
    }));
});

describe('children', () => {
  it('have the name they were given, or that of their function, or a number (TG-25)', () =>
    virtually(() =>
      withTaskGroup(async function gatherer(tg) {
        async function fetcher(): Promise<void> {}
        const anonymous = tg.spawn((() => async () => {})());
        expect([tg.name, tg.spawn(fetcher, { name: 'yolo' }).name, tg.spawn(fetcher).name, anonymous.name]).toEqual(['gatherer', 'yolo', 'fetcher', `Task-${anonymous.id}`]); // prettier-ignore
      }),
    ));

  it('spawned by a sibling have the owner of the group as parent (TG-45)', () =>
    virtually(({ task: owner }) =>
      withTaskGroup(async (tg) => {
        const child = tg.spawn(() => tg.spawn(() => {}));
        const grandchild = await new Promise<unknown>((r) => child.onSettled(() => r(child))).then(() => null);
        expect(grandchild).toBeNull();
        let late: Task<void> | undefined;
        await tg.spawn(() => void (late = tg.spawn(() => {})));
        expect((late as unknown as TaskCore).parentTask).toBe(owner);
        expect((child as unknown as TaskCore).parentTask).toBe(owner);
      }),
    ));

  it('are not protected by a shield around a part of the body (TG-43)', () =>
    virtually(async () => {
      let child: Task<void> | undefined;
      const [owner] = await interrupted(
        () =>
          withTaskGroup(async (tg) => {
            child = tg.spawn(() => sleepForever());
            await shield(() => sleep(100));
          }),
        (t) => t.cancel(),
      );
      expect([child?.state, owner.state, now()]).toEqual(['cancelled', 'cancelled', 100]);
    }));

  it('spawned in a shield of the body belong to the group all the same', () =>
    virtually(async () => {
      let child: Task<void> | undefined;
      await withTaskGroup(async (tg) => {
        await shield(async () => {
          child = tg.spawn(() => sleepForever());
        });
        tg.cancel();
      });
      expect(child?.state).toBe('cancelled');
    }));

  it('cannot be spawned after the block has ended, and the function is never called (TG-29)', () =>
    virtually(async () => {
      const group = await withTaskGroup((tg) => [tg] as const);
      let called = false;
      expect(await failure(() => group[0].spawn(() => (called = true)))).toBeInstanceOf(InvalidStateError);
      expect(await refusal(() => group[0].spawn(() => {}))).toBe('InvalidStateError OFFLOOP_INVALID_STATE: Task group "task group" has ended: it cannot spawn');
      await checkpoint();
      expect(called).toBe(false);
    })); // prettier-ignore

  it('start in the order of spawning, one microtask later', () =>
    virtually(async () => {
      const log: string[] = [];
      await withTaskGroup((tg) => {
        for (const name of ['a', 'b', 'c']) tg.spawn(() => void log.push(name));
        log.push('body');
      });
      expect(log).toEqual(['body', 'a', 'b', 'c']);
    }));
});

describe('limit', () => {
  it('holds further children back until one has ended, in order of spawning', () =>
    virtually(async () => {
      const log: string[] = [];
      let running = 0;
      let most = 0;
      await withTaskGroup(
        (tg) => {
          for (let i = 0; i < 6; i++) {
            tg.spawn(async () => {
              most = Math.max(most, ++running);
              log.push(`${i}@${now()}`);
              await sleep(10);
              running--;
            });
          }
          expect(tg.size).toBe(6);
        },
        { limit: 2 },
      );
      expect([most, log]).toEqual([2, ['0@0', '1@0', '2@10', '3@10', '4@20', '5@20']]);
    }));

  it('when the group is cancelled, those held back still run to their first checkpoint', () =>
    virtually(async () => {
      const log: number[] = [];
      await withTaskGroup(
        async (tg) => {
          for (let i = 0; i < 5; i++) {
            tg.spawn(async () => {
              log.push(i);
              await sleepForever();
            });
          }
          await sleep(1);
          tg.cancel();
        },
        { limit: 1 },
      );
      expect(log).toEqual([0, 1, 2, 3, 4]);
    }));

  it('gives each child the async context in which it was spawned, not that of the child before it (TA-21)', () =>
    virtually(async () => {
      const storage = new AsyncLocalStorage<string>();
      const seen: unknown[] = [];
      await withTaskGroup(
        (tg) => {
          for (const name of ['a', 'b', 'c']) {
            storage.run(name, () => {
              tg.spawn(async () => {
                await sleep(1);
                seen.push(storage.getStore());
              });
            });
          }
        },
        { limit: 1 },
      );
      expect(seen).toEqual(['a', 'b', 'c']);
    }));

  it('does not overflow the stack when thousands end as soon as they start', () =>
    virtually(async () => {
      let ran = 0;
      await withTaskGroup(
        (tg) => {
          tg.spawn(() => sleep(1));
          for (let i = 0; i < 20_000; i++) tg.spawn(() => void ran++, { eager: true });
        },
        { limit: 1 },
      );
      expect(ran).toBe(20_000);
    }));
});

describe('a signal', () => {
  it('cancels the group, which then rejects with CancelledError, and is forgotten afterwards (CS-41)', () =>
    virtually(async () => {
      const controller = new AbortController();
      const error = await failure(() =>
        withTaskGroup(
          async (tg) => {
            tg.spawn(() => sleepForever());
            await sleep(10);
            controller.abort('closing');
            await sleepForever();
          },
          { signal: controller.signal },
        ),
      );
      expect(error).toMatchObject({ source: 'signal', reason: 'closing' });
      throwIfCancelled();
    }));

  it('that is aborted when the body has its value rejects all the same', () =>
    virtually(async () => {
      const controller = new AbortController();
      const ended = withTaskGroup((tg) => void tg.spawn(() => sleepForever()), { signal: controller.signal });
      await checkpoint();
      controller.abort('closing');
      expect(await failure(ended)).toMatchObject({ source: 'signal', reason: 'closing' });
    }));

  it('of a child cancels that child only', () =>
    virtually(async () => {
      const controller = new AbortController();
      const [a, b] = await withTaskGroup(async (tg) => {
        const a = tg.spawn(() => sleepForever(), { signal: controller.signal });
        const aborted = tg.spawn(() => sleepForever(), { signal: AbortSignal.abort('before') });
        const b = tg.spawn(() => sleep(20, 'b'));
        await sleep(10);
        controller.abort('one of them');
        expect(await failure(aborted)).toMatchObject({ reason: 'before', source: 'signal' });
        return [a, b] as const;
      });
      expect([a.error(), b.result()]).toEqual([expect.objectContaining({ source: 'signal', reason: 'one of them' }), 'b']);
    }));
});

it('nested groups inside a scope with a deadline all end together', () =>
  virtually(async () => {
    const states: string[] = [];
    await moveOnAfter(30, () =>
      withTaskGroup((outer) => {
        const t = outer.spawn(() =>
          withTaskGroup((inner) => void inner.spawn(() => sleepForever()).onSettled((x) => states.push(x.state))),
        );
        t.onSettled((x) => states.push(x.state));
      }),
    );
    expect([states, now()]).toEqual([['cancelled', 'cancelled'], 30]);
  }));

it('a group in a scope that is cancelled already starts its body', () =>
  virtually(async () => {
    let began = false;
    await new CancelScope().run(async (s) => {
      s.cancel();
      await withTaskGroup(async () => {
        began = true;
        await checkpoint();
      });
    });
    expect(began).toBe(true);
  }));

const bad: [string, () => unknown, string][] = [
  ['no body', () => withTaskGroup(5 as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected body to be a function, got 5 (number)'],
  ['an unknown option', () => withTaskGroup(() => {}, { nme: 'x' } as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.nme; known options are name, signal, errors, limit'],
  ['a wrong name', () => withTaskGroup(() => {}, { name: 5 as never }), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.name to be a string, got 5 (number)'],
  ['a wrong signal', () => withTaskGroup(() => {}, { signal: {} as never }), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.signal to be an AbortSignal, got {} (object)'],
  ['a wrong way of errors', () => withTaskGroup(() => {}, { errors: 'all' as never }), "RangeError OFFLOOP_OUT_OF_RANGE: Expected options.errors to be one of 'group', 'first', got 'all' (string)"],
  ['a limit of 0', () => withTaskGroup(() => {}, { limit: 0 }), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.limit to be a whole number from 1 up, or Infinity, got 0 (number)'],
  ['a limit of NaN', () => withTaskGroup(() => {}, { limit: NaN }), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.limit to be a whole number from 1 up, or Infinity, got NaN (number)'],
  ['options that are none', () => withTaskGroup(() => {}, 'limit' as never), "TypeError OFFLOOP_INVALID_ARGUMENT: Expected options to be an object of options, got 'limit' (string)"],
]; // prettier-ignore
it.each(bad)('%s is refused', async (_what, call, message) => {
  expect(await refusal(call)).toBe(message);
});

const badSpawns: [string, (tg: TaskGroup) => unknown, string][] = [
  ['no function', (tg) => tg.spawn({} as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn to be a function, got {} (object)'],
  ['an unknown option', (tg) => tg.spawn(() => {}, { egaer: true } as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Unknown option options.egaer; known options are name, eager, signal'],
  ['a wrong name', (tg) => tg.spawn(() => {}, { name: 5 as never }), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.name to be a string, got 5 (number)'],
  ['a wrong eager', (tg) => tg.spawn(() => {}, { eager: 1 as never }), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.eager to be a boolean, got 1 (number)'],
  ['a wrong signal', (tg) => tg.spawn(() => {}, { signal: null as never }), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.signal to be an AbortSignal, got null'],
]; // prettier-ignore
it.each(badSpawns)('spawning with %s is refused, and nothing was started', (_what, call, message) =>
  virtually(() =>
    withTaskGroup(async (tg) => {
      expect(await refusal(() => call(tg))).toBe(message);
      expect(tg.size).toBe(0);
    }),
  ),
);
