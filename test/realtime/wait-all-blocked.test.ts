import { expect, it } from 'vitest';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { run } from '../../src/core/run.ts';
import { sleep } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';

it('the smaller cushion resolves first, whoever asked first (MC-07)', () =>
  run(async () => {
    const log: string[] = [];
    const blocked = async (cushion: number, name: string): Promise<void> => {
      await waitAllTasksBlocked({ cushion });
      log.push(name);
    };
    await withTaskGroup(async (tg) => {
      tg.spawn(() => blocked(0, 'none a'));
      tg.spawn(() => blocked(20, 'long a'));
      tg.spawn(() => blocked(10, 'short'));
      tg.spawn(() => blocked(20, 'long b'));
      tg.spawn(() => blocked(0, 'none b'));
      await checkpoint();
    });
    expect(log).toEqual(['none a', 'none b', 'short', 'long a', 'long b']);
  }));

it('a cushion is not over before so much time has passed in which nothing ran (MC-07)', () =>
  run(() =>
    withTaskGroup(async (tg) => {
      const begun = performance.now();
      tg.spawn(async () => {
        for (let i = 0; i < 5; i++) await sleep(20);
      });
      await waitAllTasksBlocked({ cushion: 200 });
      expect(performance.now() - begun).toBeGreaterThanOrEqual(295);
    }),
  ));
