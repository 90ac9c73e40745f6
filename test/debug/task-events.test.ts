import { describe, expect, it } from 'vitest';
import { probe } from '../../src/core/probe.ts';
import { sleep } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { withTaskEvents } from '../../src/debug/task-events.ts';
import type { TaskSettledEvent, TaskSpawnedEvent } from '../../src/debug/task-events.ts';
import { listenNoMore, listenTo } from '../support/listening.ts';
import { failure, turns, virtually } from '../support/virtual.ts';
import '../../src/debug/set-debug.ts';

const spawned = (): TaskSpawnedEvent[] => listenTo('offloop:task:spawned');
const settled = (): TaskSettledEvent[] => listenTo('offloop:task:settled');

describe('the tasks of a run', () => {
  it('are told of when they are made and when they have settled, with their parent', async () => {
    const [made, over] = [spawned(), settled()];
    await virtually(() =>
      withTaskGroup((tg) => {
        tg.spawn(() => sleep(5), { name: 'child' });
        tg.spawn(() => sleep(50), { name: 'stopped' }).cancel();
      }),
    );
    const [main, child] = made as [TaskSpawnedEvent, TaskSpawnedEvent];
    expect(made.map(({ name, parent }) => [name, parent])).toEqual([
      ['main', null],
      ['child', main.id],
      ['stopped', main.id],
    ]);
    expect(over.map(({ name, state, error }) => [name, state, error])).toEqual([
      ['stopped', 'cancelled', undefined],
      ['child', 'done', undefined],
      ['main', 'done', undefined],
    ]);
    expect(over[1]!.task).toBe(child.task);
  });

  it('are told of with the error they failed with, which does not count as handled', async () => {
    const over = settled();
    const failed = await failure(() =>
      virtually(() =>
        withTaskGroup((tg) => {
          tg.spawn(
            () => {
              throw new RangeError('no');
            },
            { name: 'child' },
          );
        }),
      ),
    );
    expect(failed).toMatchObject({ errors: [{ message: 'no' }] });
    expect(over[0]).toMatchObject({ name: 'child', state: 'failed', error: { message: 'no' } });
  });
});

describe('whether anybody listens', () => {
  it('is asked when a run starts: one that nobody watches has no probe', async () => {
    expect(withTaskEvents([])).toEqual([]);
    const seen = await virtually(() => {
      const before = probe;
      spawned();
      return [before, probe];
    });
    expect(seen).toEqual([null, null]);
    expect(await virtually(() => probe === null)).toBe(false);
  });

  it('is asked again at each task: who stops listening during a run hears no more', async () => {
    const made = spawned();
    await virtually(async () => {
      listenNoMore();
      await withTaskGroup((tg) => void tg.spawn(() => {}));
      await turns(1);
    });
    expect(made.map(({ name }) => name)).toEqual(['main']);
  });
});
