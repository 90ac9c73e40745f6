/**
 * Nothing that was said on a channel is sure to have been heard. So, as long as jobs are out, the queue itself is asked about
 * them every second, and at once when a connection has come back; and it is noted for how long the server has been away.
 */
import { InvalidStateError } from '../base/errors.ts';
import type { Consignment } from './remote-consignment.ts';
import type { RemoteLink } from './remote-link.ts';
import type { RemoteSettings } from './remote-options.ts';
import type { WorkerNote } from './remote-protocol.ts';

/** Milliseconds between two looks; a shipment that was accepted or looked at since then is left alone. */
const INTERVAL = 1000;
/** Shipments per look: the oldest looks first, so that all have their turn. */
const MOST = 2000;
/** Milliseconds after which settled shipments are cleared away together. */
const FORGET_AFTER = 50;
/** Milliseconds: a worker that has said nothing for so long is not counted. */
const WORKER_SILENT = 10_000;
/** Looks between two readings of the server's clock. */
const CLOCK_EVERY = 30;

export interface ReconcilerHost {
  readonly shipments: ReadonlyMap<string, Consignment>;
  done(shipment: Consignment, result: string): void;
  failed(shipment: Consignment, reason: string): void;
  lost(shipment: Consignment): void;
  /** Its turn to say again what must have been heard. */
  stop(shipment: Consignment): void;
  /** The server has been away for too long, or refuses this client. `unsent`: it takes no new jobs, those that it has go on. */
  out(cause: Error, unsent: boolean): void;
}

export class Reconciler {
  workers: readonly WorkerNote[] = [];
  readonly #settings: RemoteSettings;
  readonly #link: RemoteLink;
  readonly #host: ReconcilerHost;
  #timer: NodeJS.Timeout | null = null;
  #looking = false;
  #closed = false;
  #looks = 0;
  #downSince: number | null = performance.now(); // no connection yet
  #lastError: Error | null = null;
  #unsentSince: number | null = null; // it answers, and does not take what it is given
  #forgotten: Consignment[] = [];
  #forgetting: NodeJS.Timeout | null = null;
  readonly #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(settings: RemoteSettings, link: RemoteLink, host: ReconcilerHost) {
    this.#settings = settings;
    this.#link = link;
    this.#host = host;
  }

  run(on: boolean): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = on || this.#waiting.length > 0 ? setInterval(() => this.#tick(), INTERVAL) : null;
    if (on) this.connection();
  }

  /** The connection has come, gone, or been refused. */
  connection(): void {
    const { trouble } = this.#link.connections;
    if (this.#link.ready) this.#downSince = null;
    else this.#downSince ??= performance.now();
    if (trouble !== null && trouble.final !== null) this.#out(trouble.error);
  }

  /** A command did not work. */
  failed(error: unknown): void {
    this.#lastError = this.#link.connections.clean(error);
    if (/^NOPERM|^NOAUTH/.test(this.#lastError.message)) this.#out(this.#lastError);
  }

  /** The server was given jobs, and took them or not: its memory may be full. */
  sent(error: unknown): void {
    if (error === null) this.#unsentSince = null;
    else this.failed(error);
    if (error !== null && this.#link.ready) this.#unsentSince ??= performance.now();
  }

  lookAtAll(): void {
    for (const shipment of this.#host.shipments.values()) shipment.seenAt = 0;
    this.#tick();
  }

  #tick(): void {
    const { maxOutage } = this.#settings;
    this.connection();
    if (this.#downSince !== null && performance.now() - this.#downSince >= maxOutage) {
      const { trouble } = this.#link.connections;
      this.#out(trouble?.error ?? this.#lastError ?? new Error('no connection'));
    }
    if (this.#unsentSince !== null && performance.now() - this.#unsentSince >= maxOutage) {
      this.#unsentSince = null;
      this.#host.out(this.#lastError ?? new Error('it takes no jobs'), true);
    }
    if (this.#link.ready && !this.#looking) void this.#look();
  }

  #out(cause: Error): void {
    this.#host.out(cause, false);
    for (const { reject } of this.#waiting.splice(0)) reject(cause);
  }

  async #look(): Promise<void> {
    this.#looking = true;
    try {
      if (this.#looks++ % CLOCK_EVERY === 0) await this.#link.syncClock();
      const now = performance.now();
      const due = [...this.#host.shipments.values()]
        .filter(({ phase, seenAt, reading }) => phase === 'accepted' && !reading && now - seenAt >= INTERVAL)
        .sort((a, b) => a.seenAt - b.seenAt)
        .slice(0, MOST);
      if (due.length > 0) await this.#lookAt(due);
      this.#meet(await this.#link.workers());
    } catch (error) {
      this.failed(error);
    }
    this.#looking = false;
  }

  async #lookAt(shipments: readonly Consignment[]): Promise<void> {
    const seen = await this.#link.look(shipments.map(({ id }) => id));
    shipments.forEach((shipment, i) => {
      const found = seen[i];
      if (found === undefined || shipment.over) return;
      shipment.seenAt = performance.now();
      if (found.state === 'done') this.#host.done(shipment, found.result);
      else if (found.state === 'failed') this.#host.failed(shipment, found.reason);
      else if (found.state === 'pending') this.#host.stop(shipment);
      else if (!shipment.reading) this.#host.lost(shipment);
    });
  }

  #meet(notes: readonly WorkerNote[]): void {
    const since = this.#link.clock.now() - WORKER_SILENT;
    if (this.#closed) return;
    this.workers = notes.filter(({ at }) => at >= since);
    if (this.workers.length > 0) for (const { resolve } of this.#waiting.splice(0)) resolve();
    if (this.#host.shipments.size === 0 && this.#waiting.length === 0) this.run(false);
  }

  /** Resolves when the server answers and a worker serves the pool. */
  whenServed(): Promise<void> {
    if (this.#closed) return Promise.reject(this.#shutDown());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#timer === null) this.run(true);
      this.#tick();
    });
  }

  #shutDown(): InvalidStateError {
    return new InvalidStateError(`Executor shutdown has been called: ${this.#settings.name} waits for no workers`);
  }

  /** Its result has been taken: the server need not keep it. */
  forget(shipment: Consignment): void {
    this.#forgotten.push(shipment);
    this.#forgetting ??= setTimeout(() => void this.#forgetNow(), FORGET_AFTER).unref();
  }

  async #forgetNow(): Promise<void> {
    if (this.#forgetting !== null) clearTimeout(this.#forgetting);
    this.#forgetting = null;
    const shipments = this.#forgotten.splice(0);
    if (shipments.length === 0) return;
    // The server clears them away by itself after an hour.
    await this.#link.forget(shipments).catch((error: unknown) => this.failed(error));
  }

  /** Nobody waits for workers any more. */
  dismiss(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#shutDown());
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.workers = [];
    if (this.#link.ready) await this.#forgetNow();
  }
}
