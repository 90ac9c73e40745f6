/** A resource that was borrowed from a pool. The first of `release`, `discard` and the disposer counts; later calls do nothing. */
export interface Lease<R> extends Disposable {
  readonly resource: R;
  /** Gives the resource back, for the next one. */
  release(): void;
  /** Gives it back to be destroyed, because it is broken. */
  discard(): void;
}

export function lease<R>(resource: R, giveBack: (reusable: boolean) => void): Lease<R> {
  return new Borrowed(resource, giveBack);
}

class Borrowed<R> implements Lease<R> {
  readonly resource: R;
  #giveBack: ((reusable: boolean) => void) | null;

  constructor(resource: R, giveBack: (reusable: boolean) => void) {
    this.resource = resource;
    this.#giveBack = giveBack;
  }

  release(): void {
    this.#end(true);
  }

  discard(): void {
    this.#end(false);
  }

  [Symbol.dispose](): void {
    this.#end(true);
  }

  #end(reusable: boolean): void {
    const giveBack = this.#giveBack;
    this.#giveBack = null;
    giveBack?.(reusable);
  }
}
