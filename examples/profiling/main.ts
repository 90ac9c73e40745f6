/** How long each task took and how long it really ran, without changing the tasks. */
import { map, run, sleep, withTaskGroup } from 'offloop';
import type { Instrument, Task } from 'offloop';

class Stopwatch implements Instrument {
  readonly #started = new Map<Task<unknown>, number>();
  readonly took = new Map<string, number>();

  taskSpawned(task: Task<unknown>): void {
    this.#started.set(task, performance.now());
  }

  taskExited(task: Task<unknown>): void {
    const started = this.#started.get(task);
    if (started !== undefined) this.took.set(task.name, performance.now() - started);
    this.#started.delete(task);
  }
}

const stopwatch = new Stopwatch();
await run(
  () =>
    withTaskGroup(async (tg) => {
      tg.spawn(() => sleep(20), { name: 'short' });
      tg.spawn(() => sleep(120), { name: 'long' });
      await map([1, 2, 3], () => sleep(5));
    }),
  { instruments: [stopwatch] },
);
const slowest = [...stopwatch.took].filter(([name]) => ['short', 'long'].includes(name)).sort(([, a], [, b]) => b - a);
console.log('slowest first:', slowest.map(([name]) => name).join(', '));
