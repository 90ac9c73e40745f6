/**
 * Functions that a worker may call: they stay here, the worker gets a stand-in; the far side is `workers/callback.ts`.
 * A call runs on this loop, in the context of the submitting call, and inside the job's scope: it is cancelled with the job.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { CancelledError, isCancelled } from '../base/errors.ts';
import { builtin } from '../base/late.ts';
import { checkFunction } from '../base/validate.ts';
import { liveAncestor, Scope } from '../core/scope.ts';
import { runIn } from '../core/task.ts';
import type { TaskCore } from '../core/task.ts';
import { anyCallbacks, isCallback, markCallback } from '../wire/callback-mark.ts';
import { isContainer } from '../wire/class-registry.ts';
import { notCloneable } from '../wire/clone-path.ts';
import { encodeThrown } from '../wire/error-codec.ts';
import { CODED_VALUE, ERROR, VALUE } from '../wire/protocol.ts';
import type { FromJob } from '../wire/protocol.ts';
import { collectTransfer, decodeValues, encodeValues } from '../wire/transfer.ts';
import type { Tie, Wire } from './ties.ts';

type Fn = (...args: unknown[]) => unknown;
type Call = Extract<FromJob, { type: 'call' }>;

/** The one key of the objects that stand for callbacks in arguments; no data of a user has it. */
let key: string | undefined;
const theKey = (): string => (key ??= `offloop:callback:${builtin('node:crypto').randomUUID()}`);
const NOTHING: readonly object[] = [];

/**
 * Passes a function to a job: `submit(work, [rows, callback((done) => bar.update(done))])`. In the worker it is an async
 * function; its calls run here, in the scope and context of the submitting call. Arguments and results are copied, or moved.
 * Without `callback()` a function among arguments is refused: nobody should run code on another loop unknowingly.
 */
export function callback<F extends (...a: any[]) => unknown>(fn: F): F {
  checkFunction('fn', fn);
  const call = (...args: unknown[]): unknown => fn(...args);
  Object.defineProperty(call, 'name', { value: fn.name });
  return markCallback(call) as F;
}

/** Arguments without their callbacks, and those; null when there are none. */
export function extractCallbacks(args: readonly unknown[]): { args: readonly unknown[]; fns: readonly Fn[] } | null {
  if (!anyCallbacks() || !Array.isArray(args)) return null;
  const fns: Fn[] = [];
  const copies = new Map<unknown, unknown>();
  const replaced = replace(args, fns, copies);
  return fns.length === 0 ? null : { args: replaced as unknown[], fns };
}

/** Copies what leads to a callback; the rest is shared, so that marks of `move()` and instances of classes stay what they are. */
function replace(value: unknown, fns: Fn[], copies: Map<unknown, unknown>): unknown {
  if (typeof value === 'function') {
    if (!isCallback(value)) return value;
    const fn = value as Fn;
    const at = fns.indexOf(fn);
    return { [theKey()]: at === -1 ? fns.push(fn) - 1 : at };
  }
  if (!isContainer(value)) return value;
  if (copies.has(value)) return copies.get(value);
  const before = fns.length;
  copies.set(value, value); // a cycle that leads through a callback's holder keeps pointing at the original
  const copy = copyOf(value as object, (part) => replace(part, fns, copies));
  const result = fns.length > before || copy.changed ? copy.made : value;
  copies.set(value, result);
  return result;
}

function copyOf(value: object, map: (part: unknown) => unknown): { made: object; changed: boolean } {
  let changed = false;
  const see = (part: unknown): unknown => {
    const result = map(part);
    changed ||= result !== part && !Object.is(result, part);
    return result;
  };
  if (Array.isArray(value)) return { made: value.map(see), changed };
  if (value instanceof Map) return { made: new Map([...value].map(([k, v]: [unknown, unknown]) => [k, see(v)])), changed };
  if (value instanceof Set) return { made: new Set([...value].map(see)), changed };
  return { made: Object.fromEntries(Object.entries(value).map(([k, v]: [string, unknown]) => [k, see(v)])), changed };
}

/** A call under way. What it starts hangs under it, and so under the job. */
export class CallScope extends Scope {
  readonly job: TaskCore;

  constructor(job: TaskCore) {
    super(job, job.runtime, liveAncestor(job.parent as Scope).task);
    this.job = job;
  }
}

/** The call of a callback that this scope is part of. */
export function callAround(scope: Scope | null): CallScope | null {
  for (let s = scope; s !== null; s = s.parent) if (s instanceof CallScope) return s;
  return null;
}

export class Callbacks implements Tie {
  readonly extras: { readonly callbacks: string } = { callbacks: theKey() };
  readonly #job: TaskCore;
  readonly #fns: readonly Fn[];
  readonly #inContext: <R>(fn: () => R) => R = AsyncLocalStorage.snapshot();
  readonly #calls = new Set<CallScope>();
  #wire: Wire | null = null;

  constructor(job: TaskCore, fns: readonly Fn[]) {
    this.#job = job;
    this.#fns = fns;
    job.onSettled(() => this.#ended());
  }

  /** The calls that the job waits for, or has not waited for. */
  get pending(): ReadonlySet<CallScope> {
    return this.#calls;
  }

  connected(wire: Wire): void {
    this.#wire = wire;
  }

  heard(message: FromJob): boolean {
    if (message.type !== 'call') return false;
    const { effective, settled } = this.#job;
    if (settled)
      this.#reply(message, ERROR, encodeThrown(effective ?? new CancelledError())); // it was abandoned, and goes on
    else void this.#run(message);
    return true;
  }

  async #run(call: Call): Promise<void> {
    const scope = new CallScope(this.#job);
    this.#calls.add(scope);
    try {
      const args = call.encoded ? decodeValues(call.args) : call.args;
      const fn = this.#fns[call.callback] as Fn;
      const value = await this.#inContext(() => runIn(scope, () => fn(...args), undefined));
      this.#calls.delete(scope);
      this.#answer(call, value);
    } catch (error) {
      this.#calls.delete(scope);
      this.#fail(call, error);
    } finally {
      scope.leave();
    }
  }

  #answer(call: Call, value: unknown): void {
    const { values, replaced } = encodeValues([value]);
    try {
      this.#reply(call, replaced ? CODED_VALUE : VALUE, values[0], collectTransfer(values) as readonly object[]);
    } catch (error) {
      throw notCloneable(value, 'result of the callback', error);
    }
  }

  #fail(call: Call, error: unknown): void {
    const job = this.#job;
    this.#reply(call, ERROR, encodeThrown(error));
    if (job.settled && !isCancelled(error)) {
      job.runtime.report({ message: `A callback failed after its job ${JSON.stringify(job.name)} had ended`, error, task: job });
    }
  }

  #reply({ id, call }: Call, kind: number, payload: unknown, transfer: readonly object[] = NOTHING): void {
    this.#wire?.post({ type: 'reply', id, call, kind, payload }, transfer);
  }

  /** No call outlives its job. */
  #ended(): void {
    for (const scope of this.#calls)
      scope.cancelWith(new CancelledError({ source: 'body', reason: 'the job that made this call has ended' }));
  }
}
