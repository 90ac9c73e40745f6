/**
 * The public face of a scope. A callback form only: a `using` disposer could neither see nor replace the error of its block,
 * and its ambient context would leak into the caller.
 */
import { CancelledError, InvalidStateError, isCancelled } from '../base/errors.ts';
import { checkBoolean, checkDelay, checkFunction, checkNumber, checkSignal, checkString, ownOptions } from '../base/validate.ts';
import { linkSignal } from './link-signal.ts';
import { here, Scope } from './scope.ts';
import { runIn } from './task.ts';
import type { MaybePromise } from './task.ts';

export interface ScopeOptions {
  /** Milliseconds from entering the scope. */
  timeout?: number;
  /** Absolute, on the clock of `now()`; the earlier of both counts. */
  deadline?: number;
  /** Keeps cancellation from outside away from the body. */
  shield?: boolean;
  /** Aborting it cancels the scope with the signal's reason. */
  signal?: AbortSignal;
  name?: string;
}

type ScopePhase = 'new' | 'entered' | 'finished';

export class CancelScope {
  #scope: Scope | null = null;
  #phase: ScopePhase = 'new';
  #timeout = Infinity;
  #deadline = Infinity;
  #shield = false;
  #signal: AbortSignal | undefined;
  #early: CancelledError | null = null; // cancelled before it was entered
  #controller: AbortController | null = null; // for whoever reads `signal` before the scope is entered
  #unlisten: (() => void) | null = null;
  readonly name: string | undefined = undefined;

  constructor(options?: ScopeOptions) {
    if (options === undefined) return;
    const o = ownOptions<ScopeOptions>('options', options, ['timeout', 'deadline', 'shield', 'signal', 'name']);
    if (o.timeout !== undefined) checkDelay('options.timeout', o.timeout);
    if (o.deadline !== undefined) checkNumber('options.deadline', o.deadline, 'a point in time in milliseconds');
    if (o.shield !== undefined) checkBoolean('options.shield', o.shield);
    if (o.signal !== undefined) checkSignal('options.signal', o.signal);
    if (o.name !== undefined) checkString('options.name', o.name);
    this.#timeout = o.timeout ?? Infinity;
    this.#deadline = o.deadline ?? Infinity;
    this.#shield = o.shield ?? false;
    this.#signal = o.signal;
    this.name = o.name;
  }

  /** For the time limits, which have checked what they were given: an object of options costs as much as the timer. @internal */
  static limited(timeout: number, deadline: number, shield: boolean): CancelScope {
    const handle = new CancelScope();
    handle.#timeout = timeout;
    handle.#deadline = deadline;
    handle.#shield = shield;
    return handle;
  }

  /** A handle for a scope of the kernel that is entered already. @internal */
  static over(scope: Scope): CancelScope {
    const handle = new CancelScope();
    handle.#scope = scope;
    handle.#phase = 'entered';
    return handle;
  }

  /**
   * Runs `body` inside this scope. Resolves with its value, or with undefined when the scope was cancelled and nothing
   * around it was (`cancelledCaught`). Entering is not a checkpoint: the body starts, and its first checkpoint throws.
   *
   * - Waits for: the body.
   * - On cancel: the body's checkpoints throw; cancellation from outside passes through.
   * - Throws: what the body throws; InvalidStateError when the scope was used before.
   */
  async run<T>(body: (scope: CancelScope) => MaybePromise<T>): Promise<T | undefined> {
    checkFunction('body', body);
    const scope = this.enter();
    try {
      return await runIn<T, CancelScope>(scope, body, this);
    } catch (error) {
      if (!isCancelled(error) || !scope.absorbs) throw error;
      scope.caught = true;
      return undefined;
    } finally {
      this.leave(scope);
    }
  }

  /** @internal */
  enter(): Scope {
    if (this.#phase !== 'new') throw new InvalidStateError(`This scope is ${this.#phase} already: a CancelScope runs one body, once`);
    this.#phase = 'entered';
    const parent = here();
    const scope = new Scope(null, parent.runtime, parent.task);
    scope.shielded = this.#shield;
    scope.handle = this;
    scope.controller = this.#controller;
    scope.listens = this.#controller !== null;
    scope.enter(parent);
    this.#scope = scope;
    if (this.#early !== null) scope.cancelWith(this.#early);
    else this.#watch(scope);
    return scope;
  }

  #watch(scope: Scope): void {
    if (this.#signal !== undefined) this.#unlisten = linkSignal(this.#signal, scope);
    if (scope.own !== null) return;
    if (this.#timeout === Infinity && this.#deadline === Infinity) return;
    const now = scope.runtime.clock.now();
    this.#deadline = Math.min(this.#deadline, now + this.#timeout);
    if (this.#deadline !== Infinity) scope.setDeadline(this.#deadline, now);
  }

  /** @internal */
  leave(scope: Scope): void {
    this.#phase = 'finished';
    this.#unlisten?.();
    scope.leave();
  }

  /** Cancels the body: from now on each of its checkpoints throws. The first reason wins; later calls do nothing. */
  cancel(reason?: unknown): void {
    const error = new CancelledError({ source: 'explicit', reason, by: here().task?.name });
    if (this.#scope !== null) this.#scope.cancelWith(error);
    else this.#early ??= error;
    if (this.#scope === null && this.#controller !== null) this.#controller.abort(error);
  }

  /** Absolute, on the clock of `now()`; Infinity = none. Setting it moves the deadline of a running body; null removes it. */
  get deadline(): number {
    return this.#scope?.timer?.when ?? this.#deadline;
  }

  set deadline(at: number | null) {
    const when = at ?? Infinity;
    checkNumber('deadline', when, 'a point in time in milliseconds, or null');
    if (this.#phase === 'finished' || this.#scope?.exited === true)
      throw new InvalidStateError('The deadline cannot be changed: the scope is finished');
    this.#deadline = when;
    if (this.#scope === null) return;
    if (this.#scope.own !== null) throw new InvalidStateError('The deadline cannot be changed: the scope is cancelled already (expiring)');
    this.#scope.setDeadline(when);
  }

  /** Whether cancellation from outside is kept away. May be changed while the body runs, with immediate effect. */
  get shield(): boolean {
    return this.#scope?.shielded ?? this.#shield;
  }

  set shield(on: boolean) {
    checkBoolean('shield', on);
    this.#shield = on;
    if (this.#phase !== 'finished') this.#scope?.setShield(on);
  }

  /** Aborted when the body is cancelled, also from outside. Made on first read. */
  get signal(): AbortSignal {
    if (this.#scope !== null) return this.#scope.signal;
    this.#controller ??= new AbortController();
    if (this.#early !== null && !this.#controller.signal.aborted) this.#controller.abort(this.#early);
    return this.#controller.signal;
  }

  /** `cancel()` was called, the deadline passed, or the signal was aborted. */
  get cancelCalled(): boolean {
    return this.#early !== null || (this.#scope?.own ?? null) !== null;
  }

  /** The body ended by this scope's own cancellation. */
  get cancelledCaught(): boolean {
    return this.#scope?.caught ?? false;
  }

  /** Why this scope was cancelled. @internal */
  get cancelReason(): CancelledError | null {
    return this.#scope?.own ?? this.#early;
  }
}
