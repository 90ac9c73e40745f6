import { expect, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { here } from '../../src/core/scope.ts';
import { now, sleep } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { Line } from '../../src/resilience/line.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, virtually } from '../support/virtual.ts';

const patience = (deadline: number): { deadline: number; exhausted: () => Error } => ({ deadline, exhausted: () => new Error('too late') });

it('serves in order of arrival what was granted, and tells the owner of nobody else', () =>
  virtually(async () => {
    const left: number[] = [];
    const line: Line<string, number> = new Line('test', {}, () => left.push(line.size));
    const tasks = [1, 2, 3].map((n) => background(() => line.join(here(), n)));
    await waitAllTasksBlocked();
    expect([line.size, line.next?.carried]).toEqual([3, 1]);
    tasks[1]?.cancel();
    expect(left).toEqual([2]);
    line.shift()?.grant('first');
    line.shift()?.refuse(new Error('second'));
    expect(await tasks[0]).toBe('first');
    expect(await failure(tasks[1] as never)).toBeInstanceOf(CancelledError);
    expect(await failure(tasks[2] as never)).toMatchObject({ message: 'second' });
    expect([line.next, left]).toEqual([null, [2]]);
  }));

it('who has waited too long is told so on time; who was served or cancelled before hears nothing of it', () =>
  virtually(async ({ clock }) => {
    let left = 0;
    const line = new Line<string, void>('test', {}, () => left++);
    const join = (deadline: number): PromiseLike<string> => background(() => line.join(here(), undefined, patience(deadline)));
    const [served, late] = [join(20), join(10)];
    const cancelled = background(() => line.join(here(), undefined, patience(30)));
    expect(await failure(late)).toMatchObject({ message: 'too late' });
    expect([now(), line.size, left]).toEqual([10, 2, 1]);
    line.shift()?.grant('here you are');
    cancelled.cancel();
    expect(await served).toBe('here you are');
    let fired = false;
    clock.setTimer(40, () => (fired = true)); // the only timer that is left
    await clock.jump(100);
    expect([fired, left, cancelled.state]).toEqual([true, 2, 'cancelled']);
  }));

it('whoever is just being cancelled is not the next to be served', () =>
  virtually(async () => {
    const seen: (number | undefined)[] = [];
    const line: Line<void, number> = new Line('test', {}, () => seen.push(line.next?.carried));
    const stays = background(async () => {
      await sleep(1);
      return line.join(here(), 9);
    });
    await withTaskGroup(async (tg) => {
      for (const n of [1, 2, 3]) tg.spawn(() => line.join(here(), n));
      await sleep(5);
      tg.cancel();
    });
    expect(seen).toEqual([undefined, undefined, 9]);
    line.shift()?.grant();
    await stays;
  }));

it('ten thousand are cancelled in a moment, one by one from the middle', () =>
  virtually(async () => {
    const line = new Line<void, number>('test', {}, () => {});
    const tasks = Array.from({ length: 10_000 }, (_, n) => background(() => line.join(here(), n, patience(1e6))));
    await waitAllTasksBlocked();
    const began = performance.now();
    for (let i = 0; i < 10_000; i++) tasks[(i + 5_000) % 10_000]?.cancel();
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(line.size).toBe(0);
  }));
