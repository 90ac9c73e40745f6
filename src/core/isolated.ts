/**
 * Calls that do not see each other's `AsyncLocalStorage.enterWith`. What a function enters before its first wait stays in the
 * context of whoever called it, so of two calls from one loop the second would run in the first one's context.
 */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

type Call<A, R> = (a: A, i: number) => R;

const options = { requireManualDestroy: true } as const;

/** A place to call from: the context in which it was made, whatever was entered since. */
class Isolated<A, R> {
  readonly #fn: Call<A, R>;
  readonly #place: AsyncResource = new AsyncResource('offloop.call', options);

  constructor(fn: Call<A, R>) {
    this.#fn = fn;
  }

  call(a: A, i: number): R {
    return this.#place.runInAsyncScope(this.#fn, undefined, a, i);
  }
}

/** Where the place itself remembers what was entered in it (Node 20 and 22), each call gets one of its own. */
class IsolatedAnew<A, R> {
  readonly #fn: Call<A, R>;
  /** Made in a place that nothing is entered in, so that all later ones are copies of it. */
  readonly #origin: AsyncResource = new AsyncResource('offloop.call', options);

  constructor(fn: Call<A, R>) {
    this.#fn = fn;
  }

  call(a: A, i: number): R {
    return this.#origin.runInAsyncScope(once, undefined, this.#fn, a, i) as R;
  }
}

function once<A, R>(fn: Call<A, R>, a: A, i: number): R {
  return new AsyncResource('offloop.call', options).runInAsyncScope(fn, undefined, a, i);
}

/** Asked of the platform itself: Node 22 and 24 can be switched either way. */
function placesRemember(): boolean {
  const storage = new AsyncLocalStorage<true>();
  const place = new AsyncResource('offloop.call', options);
  place.runInAsyncScope(() => storage.enterWith(true));
  const remembered = place.runInAsyncScope(() => storage.getStore()) === true;
  storage.disable();
  return remembered;
}

const Chosen = placesRemember() ? IsolatedAnew : Isolated;

/** Calls `fn` as often as wanted, each time in the present context. */
export function isolated<A, R>(fn: Call<A, R>): { call(a: A, i: number): R } {
  return new Chosen(fn);
}
