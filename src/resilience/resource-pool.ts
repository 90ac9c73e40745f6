/**
 * Resources that are dear to make (connections), lent to one task at a time.
 *
 * The pool's own work (create, validate, destroy) is nobody's call: it runs in background tasks of the surrounding `run()`, out of
 * reach of any borrower's time limit. A borrower only stands in line. So a cancelled one cancels no creation that others wait for,
 * and what was created for it goes to the next, or stays for later.
 *
 * Timers: one that keeps the process alive while somebody waits for a new attempt to create (and one for each `acquireTimeout`);
 * one for what is idle, which does not.
 */
import { ClosedResourceError, TimeoutError } from '../base/errors.ts';
import { checkFunction, wrongType } from '../base/validate.ts';
import { background } from '../core/background.ts';
import { CancelScope } from '../core/cancel-scope.ts';
import { ambient, here, rootOf } from '../core/scope.ts';
import type { Scope } from '../core/scope.ts';
import type { MaybePromise, TaskFn } from '../core/task.ts';
import { shield } from '../core/timeout.ts';
import { done, doneWith } from '../core/turn.ts';
import { WaitQueue } from '../core/waiter.ts';
import { Alarm } from './alarm.ts';
import { CreateBackoff } from './create-backoff.ts';
import { lease } from './lease.ts';
import type { Lease } from './lease.ts';
import { Line } from './line.ts';
import type { Patience } from './line.ts';
import { PoolMembers } from './pool-members.ts';
import type { Member } from './pool-members.ts';
import { resolvePool } from './pool-options.ts';
import type { PoolSettings, ResourcePoolOptions } from './pool-options.ts';

export interface ResourcePoolStats {
  /** All that counts against `max`: also what is being created, validated or destroyed. */
  size: number;
  idle: number;
  borrowed: number;
  waiting: number;
}

export class ResourcePool<R> implements AsyncDisposable {
  readonly #settings: PoolSettings<R>;
  readonly #members = new PoolMembers<R>();
  readonly #backoff = new CreateBackoff();
  readonly #line: Line<Lease<R>, void> = new Line('ResourcePool.acquire', this, () => this.#serve());
  readonly #closers = new WaitQueue<void, void>('ResourcePool.close', this);
  readonly #retry = new Alarm(() => this.#serve());
  readonly #sweep = new Alarm(() => this.#evict());
  /** The root of the run that used the pool last: its work is done there, whoever gives back or whatever timer it is that causes it. */
  #home: Scope = rootOf(here());
  #closed = false;

  constructor(options: ResourcePoolOptions<R>) {
    this.#settings = resolvePool(options);
  }

  /**
   * Borrows a resource: the one that came back last, else a new one if there are less than `max`.
   *
   * - Waits for: a resource that is given back or created; its validation.
   * - On cancel: leaves the line. What is being created goes on, for whoever comes next.
   * - Order: first come, first served.
   * - Throws: CancelledError; the error of `create`, to whoever is first in line then; TimeoutError after `acquireTimeout`;
   *   ClosedResourceError when the pool is closed.
   */
  acquire(): Promise<Lease<R>> {
    const scope = here();
    if (scope.effective !== null) return Promise.reject(scope.interrupt());
    if (this.#closed) return Promise.reject(closed());
    this.#home = rootOf(scope);
    const idle = this.#readyAtOnce();
    if (idle !== null) return doneWith(this.#lend(idle));
    const borrowed = this.#line.join(scope, undefined, this.#patience(scope));
    this.#serve();
    return borrowed;
  }

  /**
   * Lends a resource to `body`, and takes it back when that has ended, however it ends.
   *
   * - Waits for: as `acquire`, then `body`.
   * - On cancel: before `body` was called, nothing has happened; later `body` is told, and the resource comes back when it has ended.
   * - Order: as `acquire`.
   * - Throws: as `acquire`; what `body` throws.
   */
  async use<T>(body: (resource: R) => MaybePromise<T>): Promise<T> {
    checkFunction('body', body);
    const borrowed = await this.acquire();
    try {
      return await body(borrowed.resource);
    } finally {
      borrowed.release();
    }
  }

  #readyAtOnce(): Member<R> | null {
    if (this.#settings.validate !== undefined || this.#line.size > 0) return null;
    this.#retireIdle();
    return this.#members.newestIdle ?? null;
  }

  #patience({ runtime: { clock } }: Scope): Patience | undefined {
    const { acquireTimeout, max } = this.#settings;
    if (acquireTimeout === Infinity) return undefined;
    const deadline = clock.now() + acquireTimeout;
    const exhausted = (): TimeoutError => {
      const { borrowed, waiting } = this.statistics();
      const { error } = this.#backoff;
      const text = `No resource after ${acquireTimeout} ms: ${borrowed} of ${max} borrowed, ${waiting} more waiting`;
      return new TimeoutError(text, deadline, error === undefined ? undefined : { cause: error });
    };
    return { deadline, exhausted };
  }

  #lend(member: Member<R>): Lease<R> {
    this.#members.move(member, { is: 'borrowed' });
    if (this.#members.count('idle') === 0) this.#sweep.clear();
    return lease(member.resource, (reusable) => this.#takeBack(member, reusable));
  }

  #takeBack(member: Member<R>, reusable: boolean): void {
    if (reusable) this.#keep(member);
    else this.#destroy(member);
    this.#serve();
  }

  /** For whoever comes next, unless its time is over. */
  #keep(member: Member<R>): void {
    if (this.#closed || this.#isWornOut(member)) this.#destroy(member);
    else this.#members.move(member, { is: 'idle', since: this.#now() });
  }

  #now(): number {
    return this.#home.runtime.clock.now();
  }

  #isWornOut({ bornAt }: Member<R>): boolean {
    return this.#now() - bornAt >= this.#settings.maxLifetime;
  }

  #retireIdle(): void {
    for (let m = this.#members.newestIdle; m !== undefined && this.#isWornOut(m); m = this.#members.newestIdle) this.#destroy(m);
  }

  /** After every change: gives what there is to those who wait, creates what is missing, and sets the alarms. */
  #serve(): void {
    if (this.#closed) return this.#finishClosing();
    const members = this.#members;
    this.#retireIdle();
    for (let m = members.newestIdle; m !== undefined && this.#line.size > members.count('validating'); m = members.newestIdle) {
      if (this.#settings.validate !== undefined) this.#validate(m, this.#settings.validate);
      else if (!this.#handOver(m)) break;
      this.#retireIdle();
    }
    this.#replenish();
    this.#setSweep();
  }

  /** False when nobody is there to take it. */
  #handOver(member: Member<R>): boolean {
    const { next } = this.#line;
    if (next === null) return false;
    this.#line.shift();
    next.grant(this.#lend(member));
    return true;
  }

  #replenish(): void {
    const { clock, shuttingDown } = this.#home.runtime;
    const { max } = this.#settings;
    const min = shuttingDown ? 0 : this.#settings.min;
    const forWaiters = this.#line.size - this.#members.count('validating') - this.#members.count('creating');
    const missing = Math.min(Math.max(forWaiters, min - this.#members.lasting), max - this.#members.size);
    const heldUntil = missing > 0 && clock.now() < this.#backoff.until ? this.#backoff.until : null;
    if (heldUntil !== null && forWaiters > 0) return this.#retry.set(clock, heldUntil, true);
    this.#retry.clear();
    if (heldUntil === null) for (let i = 0; i < missing; i++) this.#create();
  }

  #create(): void {
    const scope = new CancelScope({ shield: true });
    const member = this.#members.add(scope);
    const { round } = this.#backoff;
    this.#serveWith('create', scope, async () => {
      try {
        member.resource = (await scope.run(() => this.#settings.create())) as R;
        this.#created(member, scope);
      } catch (error) {
        this.#notCreated(member, round, error);
      }
    });
  }

  #created(member: Member<R>, scope: CancelScope): void {
    if (scope.cancelledCaught) return this.#members.remove(member);
    this.#backoff.succeeded();
    member.bornAt = this.#now();
    if (this.#closed) this.#destroy(member);
    else if (!this.#handOver(member)) this.#members.move(member, { is: 'idle', since: this.#now() });
  }

  /** The failure belongs to whoever is first in line. If nobody is, it must not get lost. */
  #notCreated(member: Member<R>, round: number, error: unknown): void {
    this.#members.remove(member);
    this.#backoff.failed(round, this.#now(), error);
    this.#refuseNext(error, 'ResourcePool could not create a resource, and nobody waits for it');
  }

  #refuseNext(error: unknown, message: string): void {
    const { next } = this.#line;
    if (next === null) return this.#home.runtime.report({ message, error });
    this.#line.shift();
    next.refuse(error);
  }

  #validate(member: Member<R>, validate: NonNullable<PoolSettings<R>['validate']>): void {
    const scope = new CancelScope({ shield: true });
    this.#members.move(member, { is: 'validating', scope });
    this.#serveWith('validate', scope, async () => {
      let valid: unknown = false;
      try {
        valid = await scope.run(() => validate(member.resource));
      } catch {
        // To throw is one way of saying no: most resources can only be tried.
      }
      if (typeof valid !== 'boolean' && !scope.cancelledCaught) {
        this.#refuseNext(
          wrongType('what options.validate returns', 'a boolean', valid),
          'ResourcePool cannot tell whether a resource is valid',
        );
      }
      if (valid !== true || this.#closed) this.#destroy(member);
      else if (!this.#handOver(member)) this.#members.move(member, { is: 'idle', since: this.#now() });
    });
  }

  #destroy(member: Member<R>): void {
    const { destroy } = this.#settings;
    if (destroy === undefined) return this.#members.remove(member);
    this.#members.move(member, { is: 'destroying' });
    // In a shield: it comes to its end also when the run ends meanwhile.
    const toTheEnd = async (): Promise<void> => {
      try {
        await destroy(member.resource);
      } catch (error) {
        this.#home.runtime.report({ message: 'ResourcePool could not destroy a resource', error });
      }
      this.#members.remove(member);
      this.#serve();
    };
    this.#start('destroy', () => shield(toTheEnd));
  }

  #start(name: string, fn: TaskFn<void>): void {
    ambient.run(this.#home, () => background(fn, { name: `ResourcePool.${name}` }));
  }

  /**
   * Work for those who wait, in `scope`, which is out of reach of any cancellation: cleanup at the end of a run may still wait for it.
   * When nobody does, it is given up then.
   */
  #serveWith(name: string, scope: CancelScope, fn: () => Promise<void>): void {
    const giveUp = (): void => queueMicrotask(() => this.#line.size === 0 && scope.cancel('nobody waits for it'));
    this.#start(name, async ({ signal }) => {
      signal.addEventListener('abort', giveUp, { once: true });
      await fn();
      this.#serve();
    });
  }

  /** What has been idle for too long goes, down to `min`. */
  #setSweep(): void {
    const oldest = this.#members.oldestIdle?.standing;
    if (oldest?.is !== 'idle' || this.#members.lasting <= this.#settings.min) return this.#sweep.clear();
    this.#sweep.set(this.#home.runtime.clock, oldest.since + this.#settings.idleTimeout, false);
  }

  #evict(): void {
    const { min, idleTimeout } = this.#settings;
    for (let m = this.#members.oldestIdle; m !== undefined && this.#members.lasting > min; m = this.#members.oldestIdle) {
      if (m.standing.is === 'idle' && m.standing.since + idleTimeout > this.#now()) break;
      this.#destroy(m);
    }
    this.#serve();
  }

  /**
   * Refuses whoever waits or comes later, destroys what is idle, and what is borrowed as it comes back.
   *
   * - Waits for: the last borrower, and the last destruction.
   * - On cancel: stops waiting; the pool closes all the same.
   * - Order: all who close it resume together.
   * - Throws: CancelledError.
   */
  close(): Promise<void> {
    this.#beginClosing();
    const scope = here();
    if (scope.effective !== null) return Promise.reject(scope.interrupt());
    return this.#members.size === 0 ? done() : this.#closers.park(scope, undefined);
  }

  /** As `close`, but waits to the end also when cancelled: what is in use ends before the block that owns the pool. */
  [Symbol.asyncDispose](): Promise<void> {
    return shield(() => this.close());
  }

  #beginClosing(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#retry.clear();
    this.#sweep.clear();
    for (let w = this.#line.shift(); w !== null; w = this.#line.shift()) w.refuse(closed());
    for (const scope of this.#members.underWay) scope.cancel('the pool was closed');
    for (let m = this.#members.newestIdle; m !== undefined; m = this.#members.newestIdle) this.#destroy(m);
    this.#finishClosing();
  }

  #finishClosing(): void {
    if (this.#members.size > 0) return;
    for (let w = this.#closers.shift(); w !== null; w = this.#closers.shift()) w.grant(undefined);
  }

  statistics(): ResourcePoolStats {
    const { size } = this.#members;
    const [idle, borrowed] = [this.#members.count('idle'), this.#members.count('borrowed')];
    return Object.freeze({ size, idle, borrowed, waiting: this.#line.size });
  }

  toString(): string {
    const { size, idle, borrowed, waiting } = this.statistics();
    return `<ResourcePool ${size} of ${this.#settings.max}, ${idle} idle, ${borrowed} borrowed, ${waiting} waiting${this.#closed ? ', closed' : ''}>`;
  }
}

function closed(): ClosedResourceError {
  return new ClosedResourceError('this pool is closed');
}
