/**
 * The far side of RemoteExecutor: takes shipments from the queue and runs their jobs in threads of this process. Its own loop does
 * nothing but talk to the server, so locks are renewed in time whatever the jobs do, and short locks are safe.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { RemoteUnavailableError } from '../base/remote-errors.ts';
import { checkDuration, ownOptions } from '../base/validate.ts';
import { ambient } from '../core/scope.ts';
import { Envelopes } from '../wire/envelope.ts';
import type { ExecutorStats } from './executor.ts';
import { Answers } from './remote-answers.ts';
import { ServerBlobs } from './remote-blobs.ts';
import { Catalogue } from './remote-catalogue.ts';
import { ServerClock } from './remote-clock.ts';
import { RemoteConnections } from './remote-connection.ts';
import { serveHealth } from './remote-health.ts';
import type { Health, HealthServer } from './remote-health.ts';
import { RemoteKeys } from './remote-keys.ts';
import { resultPublisher } from './remote-result-publisher.ts';
import { controlPurpose, Payloads } from './remote-payload.ts';
import type { Control, WorkerNote } from './remote-protocol.ts';
import { Runner } from './remote-runner.ts';
import type { QueuedJob } from './remote-runner.ts';
import { checkServer } from './remote-server-check.ts';
import { StreamWriter } from './remote-stream-writer.ts';
import { resolveRemoteWorkerOptions } from './remote-worker-options.ts';
import type { RemoteWorkerOptions, RemoteWorkerSettings } from './remote-worker-options.ts';
import { ThreadPoolExecutor } from './thread.ts';

export type { RemoteWorkerOptions } from './remote-worker-options.ts';

/** Milliseconds. A worker that is killed is noticed when its lock has run out and somebody looks: after 8 seconds at most. */
const LOCK = 6000;
const STALLED_CHECK = 2000;
/** A shipment that has killed so many workers, and one more, is given up. */
const DEATHS = 2;
const NOTE_EVERY = 2000;
/** Milliseconds after which a worker that said nothing is taken off the list. */
const NOTE_OLD = 60_000;
const CONNECT_WITHIN = 30_000;
/** Milliseconds without a connection after which a restart may help. */
const ALIVE_WITHOUT = 60_000;
const DRAIN = 25_000;
/** Shipments at once, from which on answers wait for each other for a turn of the loop. */
const CROWD = 4;

export interface RemoteWorker extends AsyncDisposable {
  /** The names under which its functions are known on the queue. */
  readonly functions: readonly string[];
  /** Of the health endpoint, if there is one. */
  readonly healthPort: number | undefined;
  health(): Health;
  /** Of its threads. */
  statistics(): ExecutorStats;
  /**
   * Takes no more jobs, lets the running ones end, hands back what is not through after `timeout` milliseconds (default 25,000),
   * and disconnects.
   */
  stop(options?: { timeout?: number }): Promise<void>;
}

/**
 * Starts a worker in this process; `offloop worker` does this from the command line. Resolves when it takes jobs.
 *
 * - Throws: RemoteUnavailableError when the server does not answer within 30 seconds, refuses this client, or is too old;
 *   FunctionNotFoundError when a module offers no function; what a module throws while it loads.
 */
export async function startRemoteWorker(options: RemoteWorkerOptions): Promise<RemoteWorker> {
  const settings = resolveRemoteWorkerOptions(options);
  // Jobs have nothing to do with whoever started the worker.
  return ambient.exit(async () => {
    const worker = new WorkerProcess(settings);
    try {
      await worker.start();
      return worker;
    } catch (error) {
      await worker.stop({ timeout: 0 });
      throw error;
    }
  });
}

class WorkerProcess implements RemoteWorker {
  healthPort: number | undefined;
  readonly #settings: RemoteWorkerSettings;
  readonly #id = randomUUID();
  readonly #keys: RemoteKeys;
  readonly #connections: RemoteConnections;
  readonly #redis: Redis;
  readonly #ear: Redis;
  readonly #clock = new ServerClock();
  readonly #envelopes: Envelopes;
  readonly #answers: Answers;
  readonly #threads: ThreadPoolExecutor;
  readonly #catalogue: Catalogue;
  readonly #runner: Runner;
  #worker: Worker | null = null;
  #health: HealthServer | null = null;
  #noting: NodeJS.Timeout | null = null;
  #downSince: number | null = performance.now();
  #stopping: Promise<void> | null = null;
  #said = '';
  #wakeConnect: () => void = () => {};

  constructor(settings: RemoteWorkerSettings) {
    this.#settings = settings;
    this.#keys = new RemoteKeys(settings.prefix, settings.pool);
    this.#connections = new RemoteConnections(settings.url, () => this.#changed());
    this.#redis = this.#connections.open('worker', 'offloop:worker');
    this.#ear = this.#connections.open('subscriber', 'offloop:worker:control');
    this.#envelopes = new Envelopes(settings.hmacKey);
    const payloads = new Payloads(this.#envelopes, settings.blobs ?? new ServerBlobs(this.#redis, (key) => this.#keys.blob(key)));
    const publish = (submitter: string, text: string): Promise<unknown> => this.#redis.publish(this.#keys.answers(submitter), text);
    const publishResult = resultPublisher(this.#redis, this.#keys);
    this.#answers = new Answers(publish, publishResult, () => this.#runner.busy >= CROWD);
    this.#threads = new ThreadPoolExecutor(settings.threads);
    this.#catalogue = new Catalogue(settings);
    this.#runner = new Runner({
      threads: this.#threads,
      catalogue: this.#catalogue,
      payloads,
      clock: this.#clock,
      answers: this.#answers,
      streams: new StreamWriter(this.#redis, payloads, this.#answers, (shipment, job) => this.#keys.items(shipment, job)),
      askTombstones: async (id) => (await this.#redis.smembers(this.#keys.tombstones(id))).map(Number),
      log: (line) => this.#log(line),
    });
  }

  get functions(): readonly string[] {
    return this.#catalogue.ids;
  }

  async start(): Promise<void> {
    const { modules, healthPort, healthHost } = this.#settings;
    await this.#connect();
    for (const line of await this.#checked()) this.#log(`warning: ${line}`);
    await this.#loadCatalogue(modules);
    if (healthPort !== undefined) {
      this.#health = await serveHealth(healthPort, healthHost, () => this.health(), () => this.statistics()); // prettier-ignore
      this.healthPort = this.#health.port;
    }
    await this.#listen();
    await this.#take();
    await this.#note();
    this.#noting = setInterval(() => void this.#note().catch(() => {}), NOTE_EVERY); // the next one will tell
  }

  /** In a thread of its own, which goes again: those of the jobs keep their state, and their figures, to themselves. */
  async #loadCatalogue(modules: readonly (string | URL)[]): Promise<void> {
    const { env, execArgv } = this.#settings.threads;
    const own = { name: 'catalogue', max: 1, ...(env === undefined ? {} : { env }), ...(execArgv === undefined ? {} : { execArgv }) };
    const loader = new ThreadPoolExecutor(own);
    try {
      await this.#catalogue.load(loader, modules);
    } finally {
      await loader.shutdown({ timeout: 1000 });
    }
  }

  #connect(): Promise<void> {
    const { shown } = this.#connections;
    return new Promise((resolve, reject) => {
      const fail = (why: string, cause?: unknown): void =>
        reject(new RemoteUnavailableError(why, cause === undefined ? undefined : { cause }));
      const limit = setTimeout(() => {
        const cause = this.#connections.trouble?.error;
        fail(`The server ${shown} did not answer within ${CONNECT_WITHIN} ms${cause === undefined ? '' : ` (${cause.message})`}`, cause);
      }, CONNECT_WITHIN);
      const look = (): void => {
        const { trouble, refusal } = this.#connections;
        const connected = this.#connected;
        if (!connected && refusal === null) return;
        clearTimeout(limit);
        this.#wakeConnect = () => {};
        if (connected) resolve();
        else fail(`The worker cannot start: ${refusal} (${trouble?.error.message ?? ''})`, trouble?.error);
      };
      this.#wakeConnect = look;
      look();
    });
  }

  async #checked(): Promise<string[]> {
    try {
      await this.#clock.sync(this.#redis);
      return [...(await checkServer(this.#redis)), ...this.#clock.complaints()];
    } catch (error) {
      const cause = this.#connections.clean(error);
      throw new RemoteUnavailableError(`The server ${this.#connections.shown} cannot be used: ${cause.message}`, { cause });
    }
  }

  get #connected(): boolean {
    return this.#redis.status === 'ready' && this.#ear.status === 'ready';
  }

  #changed(): void {
    const { trouble } = this.#connections;
    if (this.#connected) this.#downSince = null;
    else this.#downSince ??= performance.now();
    if (this.#ear.status !== 'ready') this.#runner.tombstones.deaf();
    const text = trouble === null ? 'connected' : `no connection: ${trouble.error.message}`;
    if (text !== this.#said && !(this.#said === '' && trouble === null) && this.#stopping === null) this.#log(text);
    this.#said = text;
    this.#wakeConnect();
  }

  async #listen(): Promise<void> {
    this.#ear.on('messageBuffer', (_channel: Buffer, bytes: Buffer) => this.#heard(bytes));
    this.#ear.on(
      'ready',
      () =>
        void this.#subscribe()
          .then(() => this.#runner.catchUp())
          .catch(() => {}),
    ); // again with the next connection
    await this.#subscribe();
  }

  async #subscribe(): Promise<void> {
    await this.#ear.subscribe(this.#keys.control);
    await this.#clock.sync(this.#redis);
    this.#runner.tombstones.listening(this.#clock.now() + 1000); // clocks are only about the same
  }

  #heard(bytes: Uint8Array): void {
    try {
      this.#runner.control(this.#envelopes.open(controlPurpose, bytes) as Control);
    } catch (error) {
      this.#log((error as Error).message);
    }
  }

  async #take(): Promise<void> {
    const { concurrency } = this.#settings;
    const runner = this.#runner;
    const worker = new Worker(this.#keys.queue, (job) => runner.process(job as QueuedJob), {
      connection: this.#redis,
      prefix: this.#keys.prefix,
      concurrency,
      lockDuration: LOCK,
      stalledInterval: STALLED_CHECK,
      maxStalledCount: DEATHS,
      runRetryDelay: 500,
      name: `offloop ${hostname()} ${process.pid}`,
    });
    this.#worker = worker;
    worker.on('active', (job) => runner.fetched(job as QueuedJob));
    worker.on('completed', (job, result: string) => runner.completed(job as QueuedJob, result));
    worker.on('failed', (job, error) => runner.failed(job as QueuedJob | undefined, error.message));
    worker.on('lockRenewalFailed', (ids: string[]) => runner.lost(ids));
    worker.on('error', (error) => this.#trouble(error));
    await worker.waitUntilReady();
  }

  #trouble(error: Error): void {
    const { message } = this.#connections.clean(error);
    // The connection tells of itself, and a lock that was lost has been told of.
    if (/ECONN|Connection is closed|could not renew lock/.test(message)) return;
    if (/Missing lock|Lock mismatch|not owned|Missing key|not in the active state/i.test(message))
      this.#log(`a late result was refused: ${message}`);
    else this.#log(message);
  }

  async #note(): Promise<void> {
    const { concurrency } = this.#settings;
    const { busy } = this.#threads.statistics();
    const at = this.#clock.now();
    const note: WorkerNote = { at, host: hostname(), pid: process.pid, concurrency, busy, functions: this.functions };
    const notes = await this.#redis.hgetall(this.#keys.workers);
    const old = Object.entries(notes).flatMap(([id, text]) => (isOld(text, at - NOTE_OLD) ? [id] : []));
    if (old.length > 0) await this.#redis.hdel(this.#keys.workers, ...old);
    if (this.#stopping === null) await this.#redis.hset(this.#keys.workers, this.#id, JSON.stringify(note));
  }

  health(): Health {
    const since = this.#downSince;
    const alive = since === null || performance.now() - since < ALIVE_WITHOUT;
    const { trouble } = this.#connections;
    return {
      alive,
      ready: this.#connected && this.#worker !== null && this.#stopping === null,
      pool: this.#settings.pool,
      server: this.#connections.shown,
      connected: this.#connected,
      ...(trouble === null ? {} : { trouble: trouble.error.message }),
      draining: this.#stopping !== null,
      concurrency: this.#settings.concurrency,
      jobs: this.#runner.busy,
    };
  }

  statistics(): ExecutorStats {
    return this.#threads.statistics();
  }

  async stop(options?: { timeout?: number }): Promise<void> {
    const { timeout = DRAIN } = ownOptions<{ timeout: number }>('options', options, ['timeout']);
    checkDuration('options.timeout', timeout);
    this.#stopping ??= this.#stop(timeout);
    await this.#stopping;
  }

  async #stop(timeout: number): Promise<void> {
    if (this.#noting !== null) clearInterval(this.#noting);
    await this.#worker?.pause(true);
    const off = this.#redis.status === 'ready' ? this.#redis.hdel(this.#keys.workers, this.#id).catch(() => 0) : null;
    await this.#runner.drain(timeout);
    await off;
    if (this.#redis.status === 'ready') await this.#worker?.close();
    else void this.#worker?.close(true).catch(() => {}); // there is nobody to say goodbye to
    if (this.#redis.status === 'ready') await this.#answers.flush();
    await this.#threads.shutdown({ cancelPending: true, timeout: 1000 });
    await this.#health?.close();
    this.#connections.close();
  }

  #log(line: string): void {
    this.#settings.log(`offloop worker: ${line}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function isOld(text: string, before: number): boolean {
  try {
    return !((JSON.parse(text) as WorkerNote).at >= before);
  } catch {
    return true;
  }
}
