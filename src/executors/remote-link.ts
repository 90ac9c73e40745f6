/** The server as a submitter sees it: puts shipments into BullMQ's queue, hears the answers, looks up what it did not hear. */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { Envelopes } from '../wire/envelope.ts';
import type { Consignment } from './remote-consignment.ts';
import { ServerBlobs } from './remote-blobs.ts';
import { ServerClock } from './remote-clock.ts';
import { RemoteConnections } from './remote-connection.ts';
import { RemoteKeys } from './remote-keys.ts';
import type { RemoteSettings } from './remote-options.ts';
import { controlPurpose, Payloads } from './remote-payload.ts';
import type { Answer, Control, WorkerNote } from './remote-protocol.ts';

/** Seconds for which a result, or a failure, is kept that nobody has fetched. */
const KEEP = { age: 3600 };
/** BullMQ's stream of events holds every result once more; nobody here reads it. */
const EVENTS = 10;
/** Milliseconds: a tombstone outlives the job that it is for. */
const TOMBSTONE_TTL = 24 * 3_600_000;

export interface LinkListener {
  answer(answer: Answer): void;
  /** The connection has come, gone, or been refused. */
  changed(): void;
  /** Answers may have been missed: the channel was not listened to for a while. */
  listening(): void;
}

/** What the queue knows of a shipment. */
export type Seen =
  | { readonly state: 'missing' }
  | { readonly state: 'pending' }
  | { readonly state: 'done'; readonly result: string }
  | { readonly state: 'failed'; readonly reason: string };

export class RemoteLink {
  readonly clock: ServerClock = new ServerClock();
  readonly connections: RemoteConnections;
  readonly payloads: Payloads;
  readonly envelopes: Envelopes;
  readonly #keys: RemoteKeys;
  readonly #redis: Redis;
  readonly #ear: Redis;
  #queue: Queue | null = null;

  constructor(settings: RemoteSettings, id: string, listener: LinkListener) {
    this.#keys = new RemoteKeys(settings.prefix, settings.pool);
    this.connections = new RemoteConnections(settings.url, () => listener.changed());
    this.#redis = this.connections.open('producer', `offloop:${settings.name}`);
    this.#ear = this.connections.open('subscriber', `offloop:${settings.name}:answers`);
    this.envelopes = new Envelopes(settings.hmacKey);
    this.payloads = new Payloads(this.envelopes, settings.blobs ?? new ServerBlobs(this.#redis, (key) => this.#keys.blob(key)));
    this.#listen(this.#keys.answers(id), listener);
  }

  #listen(channel: string, listener: LinkListener): void {
    this.#ear.on('message', (_channel: string, text: string) => {
      for (const answer of parseAnswers(text)) listener.answer(answer);
    });
    // Subscribing again after a reconnect is a reply, too: from then on nothing is missed.
    const subscribe = (): void => void this.#ear.subscribe(channel).then(() => listener.listening(), ignore);
    this.#ear.on('ready', subscribe);
    this.#redis.on('ready', () => void this.clock.sync(this.#redis).catch(ignore));
  }

  /** Commands can be sent, and answers will be heard. */
  get ready(): boolean {
    return this.#redis.status === 'ready' && this.#ear.status === 'ready';
  }

  /** Resolves when the server has them all; those that it had already stay as they are. */
  async add(shipments: readonly Consignment[]): Promise<void> {
    const jobs = shipments.map(({ id, fn, text, priority }) => ({
      name: fn,
      data: text,
      opts: { jobId: id, priority, attempts: 1, removeOnComplete: KEEP, removeOnFail: KEEP },
    }));
    const [first] = jobs;
    // A pipeline for a single command would cost ioredis more than the command does.
    if (jobs.length === 1 && first !== undefined) await this.#open().add(first.name, first.data, first.opts);
    else await this.#open().addBulk(jobs);
  }

  /** Not before the connection is there: BullMQ would wait for it, however long that takes. */
  #open(): Queue {
    if (!this.ready) throw new Error(`there is no connection to ${this.connections.shown}`);
    if (this.#queue === null) {
      const streams = { events: { maxLen: EVENTS } };
      const { queue, prefix } = this.#keys;
      this.#queue = new Queue(queue, { connection: this.#redis, prefix, streams, skipVersionCheck: true });
      this.#queue.on('error', ignore); // the connection's own listener hears it, too
    }
    return this.#queue;
  }

  /** True when it waited, and is gone now; false when a worker has it. */
  async remove(id: string): Promise<boolean> {
    return (await this.#open().remove(id)) === 1;
  }

  /** A worker has it. */
  async isTaken(id: string): Promise<boolean> {
    return (await this.#redis.exists(`${this.#open().toKey(id)}:lock`)) === 1;
  }

  /** What has become of these, in their order. */
  async look(ids: readonly string[]): Promise<Seen[]> {
    const pipeline = this.#redis.pipeline();
    const queue = this.#open();
    for (const id of ids) pipeline.hmget(queue.toKey(id), 'timestamp', 'returnvalue', 'failedReason', 'finishedOn');
    const replies = (await pipeline.exec()) ?? [];
    return replies.map(([error, fields]) => {
      if (error !== null) throw error;
      return seen(fields as (string | null)[]);
    });
  }

  /** They are settled: nothing needs to be kept for them. */
  async forget(done: readonly Consignment[]): Promise<void> {
    const queue = this.#open();
    const keys = done.flatMap(({ id, marked }) => [queue.toKey(id), ...(marked ? [this.#keys.tombstones(id)] : [])]);
    const ids = done.map(({ id }) => id);
    await Promise.all([this.#redis.unlink(...keys), this.#redis.zrem(queue.toKey('completed'), ...ids)]);
  }

  /** Workers that begin with the shipment later see it there; those that have it now hear it. */
  async cancel(message: Extract<Control, { t: 'cancel' }>): Promise<void> {
    const key = this.#keys.tombstones(message.id);
    await Promise.all([this.#redis.sadd(key, message.job), this.#redis.pexpire(key, TOMBSTONE_TTL), this.control(message)]);
  }

  async control(message: Control): Promise<void> {
    await this.#redis.publish(this.#keys.control, this.envelopes.seal(controlPurpose, message));
  }

  /** The items of a stream behind the given one, each with its place. They are taken away. */
  async items(shipment: string, job: number): Promise<{ attempt: number; sealed: string }[]> {
    const key = this.#keys.items(shipment, job);
    const entries = await this.#redis.xrange(key, '-', '+');
    if (entries.length > 0) await this.#redis.xdel(key, ...entries.map(([id]) => id));
    return entries.map(([, fields]) => ({ attempt: Number(fields[1]), sealed: fields[3] as string }));
  }

  async dropItems(shipment: string, job: number): Promise<void> {
    await this.#redis.unlink(this.#keys.items(shipment, job));
  }

  async workers(): Promise<WorkerNote[]> {
    const notes = await this.#redis.hgetall(this.#keys.workers);
    return Object.values(notes).flatMap((text) => parseNote(text));
  }

  async syncClock(): Promise<void> {
    await this.clock.sync(this.#redis);
  }

  async close(): Promise<void> {
    await this.#queue?.close().catch(ignore);
    this.connections.close();
  }
}

const ignore = (): void => {};

function seen([timestamp, result, reason, finishedOn]: readonly (string | null)[]): Seen {
  if (timestamp === null || timestamp === undefined) return { state: 'missing' };
  if (finishedOn === null || finishedOn === undefined) return { state: 'pending' };
  if (result !== null && result !== undefined) return { state: 'done', result: parseText(result) };
  return { state: 'failed', reason: reason ?? '' };
}

/** BullMQ keeps return values as JSON. */
function parseText(json: string): string {
  try {
    return String(JSON.parse(json));
  } catch {
    return '';
  }
}

/** Anybody may publish there. */
function parseAnswers(text: string): Answer[] {
  try {
    const answers = JSON.parse(text) as unknown;
    return Array.isArray(answers) ? answers.filter(isAnswer) : [];
  } catch {
    return [];
  }
}

function isAnswer(value: unknown): value is Answer {
  const answer = value as Partial<Answer> | null;
  return typeof answer === 'object' && answer !== null && typeof answer.t === 'string' && typeof answer.id === 'string';
}

function parseNote(text: string): WorkerNote[] {
  try {
    const note = JSON.parse(text) as WorkerNote;
    return typeof note.at === 'number' && typeof note.concurrency === 'number' ? [note] : [];
  } catch {
    return [];
  }
}
