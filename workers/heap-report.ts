/** Tells the loop how large this worker's heap is, through the control block: no message, and not after every small job. */
import { builtin } from '../src/base/late.ts';
import type { WorkerControl } from '../src/wire/control.ts';

/** Milliseconds between two looks: one costs 0.5 to 1 µs, as much as a small job. */
const INTERVAL = 2;

export class HeapReport {
  readonly #look = builtin('node:v8').getHeapStatistics; // only a pool with a limit of memory asks for it
  readonly #control: Pick<WorkerControl, 'tellHeap'>;
  #lookedAt = -Infinity;

  constructor(control: Pick<WorkerControl, 'tellHeap'>) {
    this.#control = control;
  }

  /** Before the outcome of a job is sent, so that the loop knows when it hears of it. */
  afterJob(): void {
    const now = performance.now();
    if (now - this.#lookedAt < INTERVAL) return;
    this.#lookedAt = now;
    this.#control.tellHeap(this.#look().used_heap_size);
  }
}
