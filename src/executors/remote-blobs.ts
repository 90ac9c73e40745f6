/** Where payloads lie that are too large for a queue: a server keeps them in memory, and copies them with every event. */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';

/** Put in place of the server's memory, for instance in front of S3. Keys are made by the store; what is put is read at most a few times. */
export interface BlobStore {
  /** Keeps `bytes` for at least `ttl` milliseconds. Returns the key. */
  put(bytes: Uint8Array, ttl: number): Promise<string>;
  /** Undefined when it is not there any more. */
  get(key: string): Promise<Uint8Array | undefined>;
  delete(key: string): Promise<void>;
}

/** Above this many bytes a payload becomes a blob. */
export const INLINE_BYTES: number = 64 * 1024;
/** Milliseconds for which a blob is kept: nobody may take it from a queue later. */
export const BLOB_TTL: number = 24 * 3_600_000;

/** Raw keys on the same server. */
export class ServerBlobs implements BlobStore {
  readonly #redis: Redis;
  readonly #keyOf: (id: string) => string;

  constructor(redis: Redis, keyOf: (id: string) => string) {
    this.#redis = redis;
    this.#keyOf = keyOf;
  }

  async put(bytes: Uint8Array, ttl: number): Promise<string> {
    const id = randomUUID();
    await this.#redis.set(this.#keyOf(id), Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), 'PX', Math.ceil(ttl));
    return id;
  }

  async get(id: string): Promise<Uint8Array | undefined> {
    return (await this.#redis.getBuffer(this.#keyOf(id))) ?? undefined;
  }

  async delete(id: string): Promise<void> {
    await this.#redis.unlink(this.#keyOf(id));
  }
}
