/**
 * The calls of one actor that are under way, on this side. comlink carries them to the thread and back; what it lacks is here:
 * each call settles, also when the worker dies or the actor is released; each is a wait of the ambient scope, so cancelling
 * that ends the call at once and asks the method to stop; and the process lives as long as a call does, not longer.
 */
import { installed } from '../base/late.ts';
import { register, unregister } from '../base/live.ts';
import { CancelledError, ClosedResourceError, isCancelled, WorkerDiedError } from '../base/errors.ts';
import { here } from '../core/scope.ts';
import type { Closable, Runtime } from '../core/runtime.ts';
import { decodeThrown, encodeThrown } from '../wire/error-codec.ts';
import type { ActorFields, ActorHello, ActorReply, ActorRequest } from '../wire/actor-protocol.ts';
import type { CancelFlags } from '../wire/cancel-flags.ts';
import { decodeValues } from '../wire/transfer.ts';
import { ActorCallbacks } from './actor-callbacks.ts';
import { Call, requestOf } from './actor-call.ts';
import type { Question } from './actor-call.ts';
import { callEnded, callStarted, tellCallEnded, tellCallStarted } from './actor-events.ts';
import { ActorCounters } from './actor-stats.ts';
import type { ActorStats, CallEnd } from './actor-stats.ts';
import type { ActorHome } from './actor-thread.ts';
import { describeDeath } from './blame.ts';
import type { WorkerDeath } from './worker-handle.ts';

/** Milliseconds that a cancelled call has to stop in once the actor is released. */
const GRACE = 1000;
const DISPOSE = 'dispose';
const releaseOf = (link: ActorLink): Promise<void> => link.release();

/** The answer of a method that returned a generator. */
export class StreamRef {
  /** The call that opened it. */
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }
}

export class ActorLink implements Closable {
  readonly name: string;
  /** Hears of the object's own properties, when it gets new ones. */
  onFields: (fields: ActorFields) => void = () => {};
  readonly #runtime: Runtime = here().runtime;
  readonly #home: ActorHome;
  readonly #flags: CancelFlags;
  readonly #send: (request: ActorRequest) => PromiseLike<ActorReply>;
  readonly #callbacks: ActorCallbacks;
  readonly #calls = new Map<number, Call>();
  readonly #counters = new ActorCounters();
  /** Cancelled here, but not yet ended in the worker. */
  readonly #strays = new Map<number, string>();
  #lastId = 0;
  #death: WorkerDeath | null = null;
  #released: Promise<void> | null = null;
  #killed = false;
  #changed: () => void = () => {};

  constructor(name: string, flags: CancelFlags, start: (died: (death: WorkerDeath) => void) => ActorHome) {
    this.name = name;
    this.#flags = flags;
    this.#home = start((death) => this.#died(death));
    this.#callbacks = new ActorCallbacks(this.#home.endpoint);
    this.#send = installed('comlink').wrap<(request: ActorRequest) => ActorReply>(this.#home.endpoint);
    this.#runtime.closables.add(this);
    register('actor', name, this);
  }

  statistics(): ActorStats {
    return this.#counters.snapshot();
  }

  /** Constructs the object. Whatever keeps it from existing ends the worker. */
  async spawn(hello: ActorHello, args: readonly unknown[], below: (...a: never[]) => unknown): Promise<void> {
    try {
      await this.ask({ op: 'spawn', name: 'constructor', args, what: hello, below });
    } catch (error) {
      this.#released = this.#kill();
      await this.#released;
      throw error;
    }
  }

  /**
   * - Waits for: the answer of the worker.
   * - On cancel: throws at once; the method is asked to stop, and the actor lives on.
   * - Throws: what the method throws, CancelledError, NotCloneableError, WorkerDiedError, ClosedResourceError after release.
   */
  ask(question: Question): Promise<unknown> {
    const scope = here();
    if (scope.effective !== null && question.cleanup !== true) return Promise.reject(scope.interrupt());
    const refusal = question.op === 'release' ? null : this.#refusal(question.name);
    if (refusal !== null) return Promise.reject(refusal);
    const call = new Call(++this.#lastId, this.name, question, this.#callCancelled);
    const trace = callStarted.hasSubscribers ? tellCallStarted(call) : undefined;
    try {
      this.#begin(call, requestOf(call.id, question, this.#callbacks.numberOf, trace));
      if (scope.effective === null && question.op !== 'release') scope.link(call);
    } catch (error) {
      if (callEnded.hasSubscribers) tellCallEnded(call, 'failed', error);
      call.reject(error);
    }
    return call.answer;
  }

  #begin(call: Call, request: ActorRequest): void {
    if (this.#calls.size === 0) this.#home.keepAlive(true);
    this.#calls.set(call.id, call);
    if (call.counts) this.#counters.running++;
    this.#runtime.external++;
    // Never rejects: what cannot be sent is answered by the endpoint.
    void this.#send(request).then((reply) => this.#replied(call, reply));
  }

  #replied(call: Call, reply: ActorReply): void {
    const fields = reply[2];
    if (fields !== undefined) this.onFields(fields);
    if (!this.#calls.has(call.id)) return this.#strayEnded(call, reply);
    try {
      const value = this.#valueOf(call, reply);
      this.#end(call, 'completed');
      call.resolve(value);
    } catch (error) {
      this.#end(call, 'failed', error);
      call.reject(error);
    }
  }

  /** Throws when the reply is an error, or cannot be decoded. */
  #valueOf(call: Call, [kind, payload]: ActorReply): unknown {
    switch (kind) {
      case 'value':
        return payload;
      case 'coded':
        return decodeValues([payload])[0];
      case 'stream':
        return new StreamRef(payload);
      case 'batch':
        return payload.coded ? { ...payload, items: decodeValues(payload.items) } : payload;
      case 'refused':
        throw payload;
      case 'error':
        throw decodeThrown(payload, call.callSite);
      default:
        throw this.#loadFailed(decodeThrown(payload, call.callSite) as Error);
    }
  }

  #loadFailed({ message, cause }: Error): WorkerDiedError {
    return new WorkerDiedError(`The worker of actor ${this.name} could not start: ${message}`, {
      job: this.name,
      why: 'load-failed',
      cause,
    });
  }

  /** The call is over on this side. */
  #end(call: Call, how: CallEnd, error?: unknown): void {
    this.#calls.delete(call.id);
    if (call.counts) this.#counters.ended(how, performance.now() - call.at);
    call.holder?.unlink(call);
    this.#runtime.external--;
    if (this.#calls.size === 0) this.#home.keepAlive(false);
    if (callEnded.hasSubscribers) tellCallEnded(call, how, error);
    this.#changed();
  }

  readonly #callCancelled = (call: Call, error: CancelledError): void => {
    this.#strays.set(call.id, call.name);
    this.#end(call, 'cancelled');
    this.cancelRemote(call.target, error);
    call.reject(error);
  };

  /** Asks a call in the worker to stop: by the flag for code that never yields, and by a message for code that waits. */
  cancelRemote(target: number, error: CancelledError): void {
    this.#flags.raise(target);
    void this.#send(['cancel', target, null, false, encodeThrown(error)]);
  }

  #strayEnded(call: Call, [kind, payload]: ActorReply): void {
    if (!this.#strays.delete(call.id)) return;
    if (kind === 'error') this.reportLate(call.name, decodeThrown(payload));
    if (kind === 'stream') void this.#send(['close', ++this.#lastId, null, false, payload]); // nobody will read it
    this.#changed();
  }

  /** An error that nobody waits for any more. */
  reportLate(name: string, error: unknown): void {
    if (isCancelled(error) || error instanceof ClosedResourceError) return;
    this.#runtime.report({ message: `${this.name}.${name}() failed while it was being cancelled`, error });
  }

  toString(): string {
    const state = this.#death !== null ? 'dead' : this.#released !== null ? 'released' : `${this.#calls.size} calls under way`;
    return `<actor ${this.name}: ${state}>`;
  }

  /** Released, or dead. */
  get over(): boolean {
    return this.#released !== null || this.#death !== null;
  }

  #refusal(name: string): Error | null {
    if (this.#released !== null) return new ClosedResourceError(`${this.name}.${name}() came too late: the actor was released`);
    return this.#death === null ? null : this.#diedError(name, this.#death);
  }

  #diedError(name: string, death: WorkerDeath, callSite?: string): WorkerDiedError {
    const message = `The worker of actor ${this.name} died, so ${name}() has no answer: ${describeDeath(death)}`;
    const error = new WorkerDiedError(message, { job: name, ...death });
    if (callSite !== undefined) error.stack = `${error.name}: ${message}\n${callSite}`;
    return error;
  }

  /** The state is lost, and so is the actor: every call under way fails, and every later one will. */
  #died(death: WorkerDeath): void {
    this.#death = death;
    this.#gone();
    const calls = [...this.#calls.values()];
    if (calls.length === 0 && this.#released === null) {
      this.#runtime.report({ message: `The worker of actor ${this.name} died between calls: ${describeDeath(death)}`, error: death.cause });
    }
    this.#strays.clear();
    for (const call of calls) {
      const error = this.#diedError(call.name, death, call.callSite);
      this.#end(call, 'failed', error);
      call.reject(error);
    }
    this.#changed();
  }

  /**
   * Refuses further calls, waits for those under way, lets the object dispose of itself, ends the worker. Not a checkpoint:
   * releasing must work in a cancelled scope. Once; later calls wait for the same end.
   *
   * - Throws: what the object's dispose method throws; WorkerDiedError when it could not be run.
   */
  release(): Promise<void> {
    return (this.#released ??= this.#release());
  }

  /** The end of `run()`: what is still under way is cancelled first. */
  shutdown({ cancelPending = false }: { timeout?: number; cancelPending?: boolean } = {}): Promise<void> {
    const released = this.release();
    const error = new CancelledError({ source: 'shutdown' });
    if (cancelPending) for (const call of this.#calls.values()) if (call.name !== DISPOSE) this.#callCancelled(call, error);
    return released;
  }

  async #release(): Promise<void> {
    await Promise.resolve(); // from here on `#released` is set, and no call is accepted
    try {
      await this.#allEnded();
      if (this.#death === null && !this.#killed) {
        await this.ask({ op: 'release', name: DISPOSE, what: null, below: releaseOf, cleanup: true });
      }
    } finally {
      await this.#kill();
    }
  }

  /** Calls that were cancelled have a time to stop in; a worker that is stuck in one of them cannot dispose of anything. */
  async #allEnded(): Promise<void> {
    while (this.#calls.size > 0) await this.#change();
    if (this.#strays.size === 0) return;
    const [name = ''] = this.#strays.values();
    const wait = { over: false };
    const timer = setTimeout(() => {
      wait.over = true;
      this.#changed();
    }, GRACE);
    while (this.#strays.size > 0 && !wait.over) await this.#change();
    clearTimeout(timer);
    if (this.#strays.size === 0) return;
    const message = `The worker of actor ${this.name} was killed, and the object not disposed of`;
    throw new WorkerDiedError(`${message}: ${name}() was cancelled and did not stop within ${GRACE} ms`, { job: name, why: 'terminated' });
  }

  /** Nobody has to end it any more, and there is nothing to see. */
  #gone(): void {
    this.#runtime.closables.delete(this);
    unregister('actor', this);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#changed = resolve));
  }

  async #kill(): Promise<void> {
    this.#killed = true;
    this.#gone();
    this.#strays.clear();
    this.#changed();
    await this.#home.terminate();
  }
}
