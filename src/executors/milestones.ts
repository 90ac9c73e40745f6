/** Who waits for a worker to be ready, or to have said goodbye. */
import type { Encoded } from '../wire/error-codec.ts';
import { decodeThrown } from '../wire/error-codec.ts';

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Milestones {
  readonly #ready: Waiting[] = [];
  #goodbye: Waiting | null = null;

  /** Somebody waits for it to be ready. */
  get awaited(): boolean {
    return this.#ready.length > 0;
  }

  whenReady(): Promise<void> {
    return new Promise((resolve, reject) => this.#ready.push({ resolve, reject }));
  }

  whenGoodbye(): Promise<void> {
    return new Promise((resolve, reject) => (this.#goodbye = { resolve, reject }));
  }

  ready(): void {
    for (const { resolve } of this.#ready.splice(0)) resolve();
  }

  /** `failed` is what the teardown threw. */
  goodbye(failed: Encoded | undefined): void {
    if (failed === undefined) this.#goodbye?.resolve();
    else this.#goodbye?.reject(decodeThrown(failed));
    this.#goodbye = null;
  }

  /** Neither will come. */
  fail(error: unknown): void {
    for (const { reject } of this.#ready.splice(0)) reject(error);
    this.#goodbye?.reject(error);
    this.#goodbye = null;
  }
}
