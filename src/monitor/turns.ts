/**
 * When the loop last came back from waiting for events, and how long Node says that it had waited.
 *
 * A CPU profile interrupts that wait for each of its samples, and libuv forgets the wait before such an interruption: Node
 * counts it as busy (`eventLoopUtilization()`, `nodeTiming.idleTime`). What happened in the last wait can be put right, if it
 * is known by itself. An immediate that keeps nothing alive runs once in each turn of the loop, behind its wait.
 */
import { performance } from 'node:perf_hooks';
import { clock } from './hub.ts';

/** The latest wait for events, with the callbacks of those events: times on `process.hrtime`, in milliseconds. */
export interface Poll {
  /** The loop turned to it, or had only timers to run before. */
  readonly from: number;
  readonly to: number;
  /** For how much of it the loop waited, as Node tells it. */
  readonly idle: number;
}

export class Turns {
  #from = Number.NaN;
  #to = Number.NaN;
  #idleFrom = 0;
  #idleTo = 0;
  #immediate: NodeJS.Immediate;

  constructor() {
    this.#immediate = setImmediate(this.#turn).unref();
  }

  readonly #turn = (): void => {
    this.#from = this.#to;
    this.#idleFrom = this.#idleTo;
    this.#to = clock();
    this.#idleTo = performance.nodeTiming.idleTime;
    this.#immediate = setImmediate(this.#turn).unref();
  };

  get last(): Poll {
    return { from: this.#from, to: this.#to, idle: this.#idleTo - this.#idleFrom };
  }

  end(): void {
    clearImmediate(this.#immediate);
  }
}
