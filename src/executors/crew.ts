/** The workers of a pool: who there is, who rests, who leaves. What they work on is the business of the pool. */
import { realClock } from '../base/clock.ts';
import { InvalidStateError } from '../base/errors.ts';
import { Backoff } from './backoff.ts';
import type { Job } from './job.ts';
import type { PoolSettings } from './options.ts';
import { Recycling } from './recycling.ts';
import { Slot } from './slot.ts';
import type { SlotHost } from './slot.ts';
import { warnOnce } from './warnings.ts';
import type { StartWorker } from './worker-handle.ts';

/** Workers that may be on their way out, beside those that may be at work. */
const MIN_LEAVERS = 4;
/** Milliseconds that a worker's teardown may take. */
const TEARDOWN_LIMIT = 1000;

export interface CrewHost extends SlotHost {
  /** Nothing must be sent there any more. */
  slotLeaves(slot: Slot): void;
  /** Workers may be started again that could not be for a while. */
  mayOpen(): void;
}

export class Crew {
  /** How many workers were started in place of one that died or was killed. */
  respawned = 0;
  readonly backoff: Backoff;
  readonly recycling: Recycling;
  readonly #settings: PoolSettings;
  readonly #start: StartWorker;
  readonly #host: CrewHost;
  readonly #slots = new Set<Slot>();
  readonly #idle: Slot[] = []; // the one used last is used next: its caches are warm, and the others may end
  readonly #leaving = new Set<Promise<void>>();
  #lost = 0; // died or killed, and not replaced yet
  #sweeper: NodeJS.Timeout | null = null;
  #dismissing = 0;
  #disbanded = false;

  constructor(settings: PoolSettings, start: StartWorker, host: CrewHost) {
    this.#settings = settings;
    this.#start = start;
    this.#host = host;
    this.recycling = new Recycling(settings);
    this.backoff = new Backoff(() => host.mayOpen());
  }

  get size(): number {
    return this.#slots.size;
  }

  get idle(): number {
    return this.#idle.length;
  }

  get slots(): ReadonlySet<Slot> {
    return this.#slots;
  }

  /**
   * Starts a worker that has no work yet; null when there may be no more, or none for now. `needed`: somebody waits for it.
   * Throws when it cannot be started.
   */
  open(needed = true): Slot | null {
    const { max } = this.#settings;
    if (this.#slots.size >= max || this.#disbanded || this.#crowded || this.backoff.holds(needed)) return null;
    return this.#startOne();
  }

  /** Slow teardowns must not let the threads pile up. */
  get #crowded(): boolean {
    return this.#dismissing >= Math.max(MIN_LEAVERS, this.#settings.max);
  }

  #startOne(): Slot {
    let slot: Slot;
    try {
      slot = new Slot(this.#start, this.#host);
    } catch (error) {
      throw new InvalidStateError(`${this.#settings.name} could not start a worker: ${(error as Error).message}`, { cause: error });
    }
    this.#slots.add(slot);
    slot.jobLimit = this.recycling.nextLimit();
    if (this.#lost > 0) {
      this.#lost--;
      this.respawned++;
    }
    return slot;
  }

  /** Starts workers up to `count`, which rest then. */
  grow(count: number): void {
    while (this.#slots.size < count) {
      const slot = this.open(false);
      if (slot === null) return;
      this.rest(slot);
    }
  }

  /** As `grow`, and at once: somebody asked for these workers. */
  fill(count: number): void {
    while (this.#slots.size < count && !this.#disbanded) this.rest(this.#startOne());
  }

  /** A worker that rests. */
  pick(): Slot | undefined {
    return this.#idle.pop();
  }

  /** This worker, which rests. */
  take(slot: Slot): Slot {
    const at = this.#idle.lastIndexOf(slot);
    if (at !== -1) this.#idle.splice(at, 1);
    return slot;
  }

  rest(slot: Slot): void {
    this.#idle.push(slot);
    this.#sweepLater();
  }

  /** It belongs to the crew no more; `disband` waits until it is gone. */
  remove(slot: Slot, lost: boolean): void {
    this.#slots.delete(slot);
    this.take(slot);
    if (lost) this.#lost++;
    this.#host.slotLeaves(slot);
    const { gone } = slot;
    this.#leaving.add(gone);
    void gone.then(() => this.#leaving.delete(gone));
  }

  /** Kills a worker. Resolves, when it is really gone, with the jobs it had not finished. */
  async kill(slot: Slot): Promise<readonly Job[]> {
    this.remove(slot, true);
    const { jobs, gone } = slot.terminate();
    await gone;
    return jobs;
  }

  /** Ends an idle worker in order: teardown first, within its limit. */
  async dismiss(slot: Slot, lost = false): Promise<void> {
    this.remove(slot, lost);
    this.#dismissing++;
    if (this.#settings.teardown !== undefined && slot.isReady && !slot.failedStart && !slot.busy) await this.#teardown(slot);
    await slot.terminate().gone;
    const waited = this.#crowded;
    this.#dismissing--;
    if (waited) this.#host.mayOpen();
  }

  /** Ends a worker that has served long enough; jobs may wait for its place. */
  recycle(slot: Slot): void {
    this.recycling.recycled++;
    slot.stayAlive();
    void this.dismiss(slot);
  }

  #teardown(slot: Slot): Promise<void> {
    return new Promise((resolve) => {
      let over = false;
      const end = (problem: string | null): void => {
        if (over) return;
        over = true;
        limit[Symbol.dispose]();
        if (problem !== null) warnOnce('', `teardown of ${this.#settings.name} ${problem}`);
        resolve();
      };
      const tooLong = `took longer than ${TEARDOWN_LIMIT} ms, so its worker was killed`;
      const limit = realClock.setTimer(realClock.now() + TEARDOWN_LIMIT, () => end(tooLong));
      slot.farewell().then(
        () => end(null),
        (error: unknown) => end(`failed: ${String(error)}`),
      );
    });
  }

  /** Ends all workers in order and waits until they are gone. */
  async disband(): Promise<void> {
    this.#disbanded = true;
    this.backoff.stop();
    if (this.#sweeper !== null) clearTimeout(this.#sweeper);
    await Promise.all([...this.#slots].map((slot) => this.dismiss(slot)));
    await Promise.all(this.#leaving);
  }

  /** One unreferenced timer for all idle workers; it never keeps the process alive. */
  #sweepLater(): void {
    const { idleTimeout, min } = this.#settings;
    if (this.#sweeper !== null || idleTimeout === Infinity || this.#slots.size <= min || this.#idle.length === 0) return;
    const now = performance.now();
    const oldest = this.#idle.reduce((at, slot) => Math.min(at, slot.isAwaited ? now : slot.idleSince), Infinity);
    const wait = Math.max(1, oldest + idleTimeout - now);
    this.#sweeper = setTimeout(() => this.#sweep(), Math.min(wait, 2 ** 31 - 1)).unref();
  }

  #sweep(): void {
    this.#sweeper = null;
    const limit = performance.now() - this.#settings.idleTimeout;
    for (const slot of this.#idle.slice()) {
      if (slot.isAwaited) continue;
      if (this.#slots.size > this.#settings.min && slot.idleSince <= limit) void this.dismiss(slot);
    }
    this.#sweepLater();
  }
}
