import { describe, expect, it } from 'vitest';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { gather } from '../../src/core/gather.ts';
import { Runtime } from '../../src/core/runtime.ts';
import { ambient, Scope } from '../../src/core/scope.ts';
import { caller, heir, holding, isNobody } from '../../src/sync/guard.ts';
import type { Guard } from '../../src/sync/guard.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

describe('the caller', () => {
  it('is the task, also inside a scope of its own', () =>
    virtually(async ({ task }) => {
      expect(caller()).toBe(task);
      await new CancelScope().run(() => expect(caller()).toBe(task));
      await background(({ task: other }) => expect(caller()).toBe(other));
    }));

  it('is each branch of a gather for itself; after its end, the task it was part of', () =>
    virtually(async ({ task }) => {
      const [a, b] = await gather([async () => [caller()], async () => [caller()]]);
      expect(a[0]).not.toBe(b[0]);
      expect([a[0]!.exited, heir(a[0]!), heir(b[0]!), isNobody(heir(a[0]!))]).toEqual([true, task, task, false]);
    }));

  it('that was a branch in a branch is inherited by the outermost that still runs', () =>
    virtually(() =>
      gather([
        async () => {
          const outer = caller();
          const [[inner]] = (await gather([async () => [caller()]])) as [[Scope]];
          expect([inner === outer, heir(inner)]).toEqual([false, outer]);
        },
      ]),
    ));

  it('that is a task has no heir: a task that ended stays itself', () =>
    virtually(async () => {
      const [ended] = await background(() => [caller()]);
      expect([ended!.exited, heir(ended!)]).toEqual([true, ended]);
    }));

  it('outside of tasks is nobody in particular, but a branch there is somebody', async () => {
    const root = new Scope(null, new Runtime());
    await ambient.run(root, async () => {
      expect([caller(), isNobody(caller())]).toEqual([root, true]);
      await gather([() => expect(isNobody(caller())).toBe(false)]);
    });
    root.leave();
    expect(heir(root)).toBe(root);
  });
});

describe('holding', () => {
  function counted(): { log: string[]; acquire: () => Promise<Guard> } {
    const log: string[] = [];
    const release = (): void => void log.push('released');
    return { log, acquire: () => (log.push('acquired'), Promise.resolve({ release, [Symbol.dispose]: release })) };
  }

  it('releases after the function has ended, also by an error', async () => {
    for (const end of [() => 'value', () => Promise.reject(new Error('boom'))]) {
      const { log, acquire } = counted();
      await holding(acquire, async () => {
        await checkpoint();
        log.push('ran');
        return end();
      }).catch(() => log.push('failed'));
      expect(log.slice(0, 3)).toEqual(['acquired', 'ran', 'released']);
    }
  });

  it('without a function, or when nothing was acquired, does nothing', async () => {
    const { log, acquire } = counted();
    expect(await refusal(() => holding(acquire, 5 as never))).toBe(
      'TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn to be a function, got 5 (number)',
    );
    expect(
      await failure(() =>
        holding(
          () => Promise.reject(new Error('no')),
          () => void log.push('ran'),
        ),
      ),
    ).toMatchObject({ message: 'no' });
    expect(log).toEqual([]);
  });
});
