/**
 * Workers that do what the test says and when it says so: every race of a pool becomes a plain sequence of calls. What they
 * get goes through structured clone, as it would to a thread.
 */
import { afterEach, beforeEach } from 'vitest';
import type { Whereabouts } from '../../src/base/whereabouts.ts';
import { setExceptionHandler } from '../../src/core/exceptions.ts';
import type { ExceptionContext } from '../../src/core/runtime.ts';
import { here } from '../../src/core/scope.ts';
import type { PoolOptions, SubmitOptions } from '../../src/executors/executor.ts';
import { Job } from '../../src/executors/job.ts';
import { resolvePoolOptions, resolveSubmitOptions } from '../../src/executors/options.ts';
import { Pool } from '../../src/executors/pool.ts';
import type { WorkerDeath, WorkerHandle, WorkerListener } from '../../src/executors/worker-handle.ts';
import { ControlBlock } from '../../src/wire/control.ts';
import { encodeThrown } from '../../src/wire/error-codec.ts';
import { ERROR, JOB_FIELDS, LOAD_ERROR, VALUE } from '../../src/wire/protocol.ts';
import type { Batch, FromWorker, Ready, ToWorker } from '../../src/wire/protocol.ts';

type Rare = Exclude<ToWorker, Batch>;

export class FakeWorker implements WorkerHandle {
  readonly control: ControlBlock = new ControlBlock();
  readonly gone: Promise<void>;
  /** All it was sent, oldest first. */
  readonly mail: ToWorker[] = [];
  /** Whether the process would have to stay alive for it. */
  alive = false;
  terminated = false;
  /** It does not go when it is terminated: `go()` says when. */
  stubborn = false;
  /** What a monitor tells of where it is; without one, nobody does. */
  whereabouts: Promise<Whereabouts> | null = null;
  /** How often it was asked for. */
  lookedFor = 0;
  readonly #listener: WorkerListener;
  #begun = 0; // how many jobs it has begun or gone past
  #go!: () => void;

  constructor(listener: WorkerListener) {
    this.#listener = listener;
    this.gone = new Promise((resolve) => (this.#go = resolve));
  }

  // ── what the pool calls

  send(message: ToWorker, transfer: readonly object[]): void {
    this.mail.push(structuredClone(message, { transfer: [...transfer] as ArrayBuffer[] }));
  }

  keepAlive(on: boolean): void {
    this.alive = on;
  }

  where(): Promise<Whereabouts> | null {
    this.lookedFor++;
    return this.whereabouts;
  }

  async terminate(): Promise<void> {
    this.terminated = true;
    if (!this.stubborn) this.#go();
    await this.gone;
  }

  // ── what the test calls

  /** The ids of the jobs of the last batch. */
  get jobs(): number[] {
    const batch = this.#batches.at(-1) ?? [];
    return batch.filter((_, i) => i % JOB_FIELDS === 1) as number[];
  }

  /** How many batches came. */
  get batches(): number {
    return this.#batches.length;
  }

  get #batches(): Batch[] {
    return this.mail.filter((message): message is Batch => Array.isArray(message));
  }

  /** Messages that are no batch, of one type. */
  sent<T extends Rare['type']>(type: T): Extract<Rare, { type: T }>[] {
    return this.mail.filter((message): message is Extract<Rare, { type: T }> => !Array.isArray(message) && (message as Rare).type === type);
  }

  ready(ready: Ready = {}): this {
    this.#listener.ready(ready);
    return this;
  }

  unready(error: unknown): this {
    return this.ready({ unready: encodeThrown(error) });
  }

  /** Begins the next job. False: there is none; the loop is told of those that were taken back. */
  claim(): boolean {
    return this.begin() !== null;
  }

  /** Begins the next job that was not taken back, and returns its id; null when there is none. */
  begin(): number | null {
    const ids = this.allJobs;
    while (this.#begun < ids.length) {
      const id = ids[this.#begun++] as number;
      if (this.control.claim(this.#begun)) return id;
      this.say([]); // it stands in the control block
    }
    return null;
  }

  /** The ids of all jobs it was ever sent. */
  get allJobs(): number[] {
    return this.#batches.flatMap((batch) => batch.filter((_, i) => i % JOB_FIELDS === 1) as number[]);
  }

  /** Ends the job it has claimed. */
  finish(value: unknown = 'done', ms = 1): void {
    this.say([VALUE, ms, value]);
  }

  fail(error: unknown): void {
    this.say([ERROR, 1, encodeThrown(error)]);
  }

  failToLoad(url: string, cause: unknown): void {
    this.say([LOAD_ERROR, 0, encodeThrown(Object.assign(new Error('cannot load', { cause }), { url }))]);
  }

  /** Begins and ends one job. */
  run(value: unknown = 'done'): boolean {
    const claimed = this.claim();
    if (claimed) this.finish(value);
    return claimed;
  }

  say(message: FromWorker): void {
    this.#listener.message(message);
  }

  /** Goes by itself; `last` had been said and not been heard yet. */
  die(death: Partial<WorkerDeath> = {}, last: readonly FromWorker[] = []): void {
    this.#listener.died({ why: 'exit', exitCode: 1, signalName: null, cause: undefined, ...death }, last);
    this.#go();
  }

  /** A stubborn worker that was terminated goes at last. */
  go(): void {
    this.#go();
  }
}

export interface FakePool {
  readonly pool: Pool;
  /** In the order in which they were started. */
  readonly workers: FakeWorker[];
  /** The worker that was started last. */
  readonly last: FakeWorker;
  /** What the exception handler of the pool heard. */
  readonly reports: ExceptionContext[];
  /** When set, no worker can be started. */
  broken: Error | null;
  /** Submits a job; it counts how often it began. */
  submit(options?: SubmitOptions, args?: readonly unknown[]): Job;
  statistics(): Record<string, number>;
}

let lastFunction = 1000;

/** `ready: false` leaves it to the test when a worker has started up. */
export function fakePool(options: PoolOptions & { ready?: boolean } = {}): FakePool {
  const { ready = true, ...poolOptions } = options;
  const workers: FakeWorker[] = [];
  const reports: ExceptionContext[] = [];
  const start = (listener: WorkerListener): FakeWorker => {
    if (fake.broken !== null) throw fake.broken;
    const worker = new FakeWorker(listener);
    workers.push(worker);
    if (ready) queueMicrotask(() => worker.terminated || worker.ready());
    return worker;
  };
  const fn = { id: ++lastFunction, ref: { module: 'file:///fake.js', export: 'f', fingerprint: undefined }, name: 'f' };
  const fake = {
    workers,
    reports,
    broken: null as Error | null,
    get last() {
      return workers.at(-1)!;
    },
    submit(o?: SubmitOptions, args: readonly unknown[] = []) {
      const job = new Job(here(), fake.pool, fn, args, resolveSubmitOptions(o), fake.submit);
      job.onSettled(() => job.failed && job.error()); // heard, so not reported
      fake.pool.submit(job);
      return job;
    },
    statistics() {
      const { counters, census } = fake.pool;
      return { ...census, completed: counters.completed, failed: counters.failed, cancelled: counters.cancelled };
    },
    pool: null as unknown as Pool,
  };
  fake.pool = new Pool(resolvePoolOptions({ max: 1, ...poolOptions }, 'FakePool'), start, (context) => reports.push(context));
  return fake;
}

/** What the exception handler of the process hears during each test of the file. */
export function collectReports(): ExceptionContext[] {
  const reports: ExceptionContext[] = [];
  beforeEach(() => setExceptionHandler((context) => void reports.push(context)));
  afterEach(() => {
    setExceptionHandler(null);
    reports.length = 0;
  });
  return reports;
}
