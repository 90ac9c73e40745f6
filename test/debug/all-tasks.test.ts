import { describe, expect, it } from 'vitest';
import { background } from '../../src/core/background.ts';
import { sleep } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { allTasks } from '../../src/debug/all-tasks.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { virtually } from '../support/virtual.ts';

const family = (): string[] => [...allTasks()].map((t) => `${t.name} < ${t.parentTask?.name ?? 'nobody'}`);

describe('allTasks', () => {
  it('has the names and parents of all that have not settled (IN-11)', () =>
    virtually(async function program() {
      await withTaskGroup(async (tg) => {
        const short = tg.spawn(() => sleep(5), { name: 'short' });
        tg.spawn(() => withTaskGroup((inner) => void inner.spawn(() => sleep(20), { name: 'grandchild' })), { name: 'child' });
        background(() => sleep(10), { name: 'background' });
        await waitAllTasksBlocked();
        expect(family()).toEqual(['main < nobody', 'short < main', 'child < main', 'background < nobody', 'grandchild < child']);
        await short;
        expect(family()).not.toContain('short < main');
      });
      expect(family()).toEqual(['main < nobody']);
    }));

  it('is a copy', () =>
    virtually(() => {
      allTasks().clear();
      expect(allTasks().size).toBe(1);
    }));

  it('is empty outside of any run', () => {
    expect(allTasks()).toEqual(new Set());
  });
});
