/** Calls the hooks of a run's instruments. One that throws is removed, with one report; the others go on. */
import type { Instrument } from '../core/probe.ts';
import type { Runtime } from '../core/runtime.ts';

export class Instruments {
  readonly #runtime: Runtime;
  readonly #all: Set<Instrument>;

  constructor(runtime: Runtime, instruments: readonly Instrument[]) {
    this.#runtime = runtime;
    this.#all = new Set(instruments);
  }

  get size(): number {
    return this.#all.size;
  }

  tell<H extends keyof Instrument>(hook: H, ...args: Parameters<NonNullable<Instrument[H]>>): void {
    for (const instrument of this.#all) {
      try {
        (instrument[hook] as ((...a: unknown[]) => void) | undefined)?.(...args);
      } catch (error) {
        this.#all.delete(instrument);
        this.#runtime.report({ message: `${nameOf(instrument)} threw in ${hook} and was removed`, error });
      }
    }
  }
}

function nameOf(instrument: Instrument): string {
  const { name } = instrument.constructor as { name?: string };
  return name === undefined || name === 'Object' || name === '' ? 'An instrument' : `Instrument ${name}`;
}
