/**
 * A generator that an actor's method returned, read in batches by the other side: nothing runs that was not asked for, and
 * an item that is there never waits for one that is not.
 */
import { ambient } from '../src/core/scope.ts';
import type { Scope } from '../src/core/scope.ts';
import { encodeThrown } from '../src/wire/error-codec.ts';
import type { ActorBatch } from '../src/wire/actor-protocol.ts';

type Step = Promise<IteratorResult<unknown, unknown>>;
/** Runs something in the context of the call that made a generator. */
export type InContext = <R>(fn: () => R) => R;
const here: InContext = (fn) => fn();

/** Microtasks that a generator may need for an item which counts as being there. */
const PATIENCE = 8;
/** Milliseconds that an item may wait for those after it. */
const SLICE = 5;

export function isStream(value: unknown): value is AsyncIterator<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const { next, [Symbol.asyncIterator]: iterator } = value as { next?: unknown; [Symbol.asyncIterator]?: unknown };
  return typeof next === 'function' && typeof iterator === 'function';
}

export class ActorStream {
  /** That of the call which made the generator: it lasts as long as this. */
  readonly scope: Scope;
  readonly #source: AsyncIterator<unknown>;
  readonly #inContext: InContext;
  /** An item under way that the last batch did not wait for. */
  #step: Step | null = null;

  constructor(source: AsyncIterator<unknown>, scope: Scope, inContext: InContext = here) {
    this.#source = source;
    this.#inContext = inContext;
    this.scope = scope;
  }

  /** One item at least, `most` at most. */
  async pull(most: number): Promise<Pick<ActorBatch, 'items' | 'end'>> {
    const items: unknown[] = [];
    const until = performance.now() + SLICE;
    try {
      while (items.length < most && (items.length === 0 || performance.now() < until)) {
        const step = (this.#step ??= this.#next());
        if (items.length > 0 && !(await settlesSoon(step))) break;
        const result = await step;
        this.#step = null;
        if (result.done === true) return { items, end: 'done' };
        items.push(result.value);
      }
      return { items, end: null };
    } catch (error) {
      return { items, end: { thrown: encodeThrown(error) } };
    }
  }

  async #next(): Step {
    return await ambient.run(this.scope, () => this.#inContext(() => this.#source.next()));
  }

  /** Runs the generator's `finally`, after the step that is under way. */
  async close(): Promise<void> {
    this.#step?.catch(() => {}); // nobody asks for it any more
    await ambient.run(this.scope, () => this.#inContext(() => this.#source.return?.()));
  }
}

async function settlesSoon(step: Step): Promise<boolean> {
  const seen = { settled: false };
  const settle = (): void => void (seen.settled = true);
  step.then(settle, settle);
  for (let turn = 0; turn < PATIENCE && !seen.settled; turn++) await Promise.resolve();
  return seen.settled;
}
