/**
 * The connections of one side to the server. Two kinds: a producer's fails fast (a command on a broken connection rejects at
 * once, and whoever sent it decides), a worker's waits for the server to come back, as BullMQ wants it. A subscriber's waits, too:
 * it subscribes again by itself.
 */
import type { Socket } from 'node:net';
import { Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import { outOfRange, wrongType } from '../base/validate.ts';
import { cleanError, secretsOf, shownUrl } from './remote-secrets.ts';

/** Milliseconds: between two tries to connect at most, and for one command of a producer. */
const RETRY_AT_MOST = 1000;
const COMMAND = 30_000;

export interface Trouble {
  readonly error: Error;
  /** Why trying again changes nothing: the server and this client do not want each other. Null when it may help. */
  readonly final: 'refused' | 'distrusted' | null;
}

export type ConnectionKind = 'producer' | 'worker' | 'subscriber';

export class RemoteConnections {
  readonly shown: string;
  /** Why the server cannot be used now; null when all is well. */
  trouble: Trouble | null = null;
  readonly #url: string;
  readonly #secrets: readonly string[];
  readonly #clients: Redis[] = [];
  readonly #changed: () => void;

  /** `changed` is called when `trouble` may have changed. Nothing connects before `open`. */
  constructor(url: string, changed: () => void) {
    this.#url = checkUrl(url);
    this.shown = shownUrl(url);
    this.#secrets = secretsOf(url);
    this.#changed = changed;
  }

  open(kind: ConnectionKind, name: string): Redis {
    const client = new Redis(this.#url, { ...common, ...kinds[kind], connectionName: name });
    this.#clients.push(client);
    client.on('error', (error: unknown) => {
      bearErrors(client);
      this.#failed(error);
    });
    client.on('close', () => this.#failed(new Error(`the connection to ${this.shown} was closed`)));
    client.on('ready', () => this.#recovered());
    return client;
  }

  #failed(error: unknown): void {
    const clean = this.clean(error);
    const final = finality(clean);
    if (this.trouble !== null && this.trouble.final !== null && final === null) return; // being refused also closes the connection
    this.trouble = { error: this.trouble !== null && clean.message.endsWith('was closed') ? this.trouble.error : clean, final };
    this.#changed();
  }

  #recovered(): void {
    if (this.#clients.some((client) => client.status !== 'ready')) return;
    this.trouble = null;
    this.#changed();
  }

  /** The first half of a sentence that goes on with the error; null when trying again may help. */
  get refusal(): string | null {
    const { trouble, shown } = this;
    if (trouble === null || trouble.final === null) return null;
    if (trouble.final === 'refused') return `the server ${shown} refuses this client`;
    return `this client cannot trust the server ${shown}; the environment variable NODE_EXTRA_CA_CERTS names a CA of your own`;
  }

  /** An error of a client as one that may be shown. */
  clean(error: unknown): Error {
    return cleanError(error, this.#secrets);
  }

  /** A connection without work does not keep the process alive. */
  keepAlive(on: boolean): void {
    for (const client of this.#clients) {
      const socket = socketOf(client);
      if (on) socket?.ref?.();
      else socket?.unref?.();
    }
  }

  close(): void {
    for (const client of this.#clients.splice(0)) {
      client
        .removeAllListeners('error')
        .removeAllListeners('close')
        .on('error', () => {});
      bearErrors(client);
      client.disconnect();
    }
  }
}

/** What `net` and `tls` make; a client has none before its first connection. */
const socketOf = (client: Redis): Partial<Socket> | undefined => (client as unknown as { stream?: Socket }).stream;
const bear = (): void => {};

/**
 * ioredis listens to the first error of a socket only. A second one, as the alert of a server whose certificate was refused,
 * would end the process.
 */
function bearErrors(client: Redis): void {
  const socket = socketOf(client);
  if (socket?.listeners?.('error').includes(bear) === false) socket.on?.('error', bear);
}

const common: RedisOptions = {
  retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), RETRY_AT_MOST),
  connectTimeout: 10_000,
  keepAlive: 10_000,
};

const kinds: Record<ConnectionKind, RedisOptions> = {
  producer: { enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: COMMAND },
  worker: { maxRetriesPerRequest: null },
  subscriber: { maxRetriesPerRequest: null, autoResubscribe: true },
};

const REFUSED = /^(?:WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR Client sent AUTH)/;
/** How Node calls a certificate that will be no better the next time. */
const DISTRUSTED = /CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET|CA_|INVALID_PURPOSE/;

function finality(error: Error & { code?: unknown }): Trouble['final'] {
  if (REFUSED.test(error.message)) return 'refused';
  return DISTRUSTED.test(String(error.code)) ? 'distrusted' : null;
}

function checkUrl(url: unknown): string {
  const expected = "the URL of a Redis or Valkey server, such as 'redis://host:6379' or 'rediss://user:password@host'";
  if (typeof url !== 'string') throw wrongType('options.url', expected, url);
  if (!URL.canParse(url) || !/^(?:redis|rediss|valkey|valkeys):$/.test(new URL(url).protocol)) {
    throw outOfRange('options.url', expected, shownUrl(url));
  }
  return url.replace(/^valkey/, 'redis');
}
