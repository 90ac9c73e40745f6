/** The options of a RemoteExecutor, checked once. */
import { checkCount, checkDuration, checkFunction, checkString, outOfRange, ownOptions, wrongType } from '../base/validate.ts';
import type { BlobStore } from './remote-blobs.ts';
import { moduleId } from './remote-identity.ts';

export interface RemoteOptions {
  /** Of a Redis (6.2 or later) or Valkey server; `rediss://` for TLS. */
  url: string;
  /** Names the queue: jobs run on the workers that were started for the same pool. Default 'default'. */
  pool?: string;
  /** Shown in errors, statistics and reports. Default 'RemoteExecutor'. */
  name?: string;
  /** Begins the names of all keys on the server. Default 'offloop'. */
  prefix?: string;
  /**
   * Signs all payloads with HMAC-SHA-256; what is not signed with the same key is refused. At least 16 bytes. Without it, whoever
   * can write to the server can have registered functions run with arguments of theirs.
   */
  hmacKey?: string | Uint8Array;
  /** The version of the code: a job runs on workers of the same version only. Default: OFFLOOP_CODE_VERSION, else `version` in the package.json of the function's module. */
  version?: string;
  /** Milliseconds for which the server may be out of reach before jobs that wait for it reject with RemoteUnavailableError. Default 60,000. */
  maxOutage?: number;
  /** Milliseconds for which workers that do not know a job's function hand it on, while a deploy is under way. Default 30,000. */
  patience?: number;
  /** Where payloads of more than 64 kB lie. Default: the server. The workers must use the same. */
  blobs?: BlobStore;
  /** What a module is called on all machines, by its URL on this one. Default: its package's name and its path in it, without `src/`, `dist/` and extension. */
  moduleId?: (url: string) => string;
  /** How many items `map` submits ahead of the consumer, if it is not told. Default 256. */
  lookAhead?: number;
}

export interface RemoteSettings {
  readonly url: string;
  readonly pool: string;
  readonly name: string;
  readonly prefix: string;
  readonly hmacKey: string | Uint8Array | undefined;
  readonly version: string | undefined;
  readonly maxOutage: number;
  readonly patience: number;
  readonly blobs: BlobStore | undefined;
  readonly moduleId: (url: string) => string;
  readonly lookAhead: number;
}

const keys = ['url', 'pool', 'name', 'prefix', 'hmacKey', 'version', 'maxOutage', 'patience', 'blobs', 'moduleId', 'lookAhead'] as const;
const KEY_BYTES = 16;

export function resolveRemoteOptions(options: RemoteOptions): RemoteSettings {
  const o = ownOptions<RemoteOptions>('options', options, keys);
  if (o.name !== undefined) checkString('options.name', o.name);
  if (o.maxOutage !== undefined) checkDuration('options.maxOutage', o.maxOutage);
  if (o.patience !== undefined) checkDuration('options.patience', o.patience);
  if (o.lookAhead !== undefined) checkCount('options.lookAhead', o.lookAhead, 1);
  return {
    ...resolvePlace(o),
    url: o.url as string, // checked by whoever connects
    name: o.name ?? 'RemoteExecutor',
    maxOutage: o.maxOutage ?? 60_000,
    patience: o.patience ?? 30_000,
    lookAhead: o.lookAhead ?? 256,
  };
}

type Place = Pick<RemoteSettings, 'pool' | 'prefix' | 'hmacKey' | 'version' | 'blobs' | 'moduleId'>;

/** What both sides must agree on. */
export function resolvePlace(o: Partial<RemoteOptions>): Place {
  if (o.hmacKey !== undefined) checkKey(o.hmacKey);
  if (o.version !== undefined) checkString('options.version', o.version);
  if (o.blobs !== undefined) checkBlobs(o.blobs);
  if (o.moduleId !== undefined) checkFunction('options.moduleId', o.moduleId);
  return {
    pool: checkName('options.pool', o.pool ?? 'default'),
    prefix: checkName('options.prefix', o.prefix ?? 'offloop'),
    hmacKey: o.hmacKey,
    version: o.version ?? (process.env['OFFLOOP_CODE_VERSION'] || undefined),
    blobs: o.blobs,
    moduleId: o.moduleId ?? moduleId,
  };
}

/** Part of keys on the server: a colon would be taken for a separator, and braces for a hash tag. */
function checkName(where: string, name: unknown): string {
  checkString(where, name);
  if (!/^[\w.@-]+$/.test(name as string)) throw outOfRange(where, 'a name of letters, digits and . _ @ -', name);
  return name as string;
}

function checkKey(key: unknown): void {
  const expected = `a string or Uint8Array of at least ${KEY_BYTES} bytes`;
  // What was given is not shown: it is a secret.
  if (typeof key !== 'string' && !(key instanceof Uint8Array))
    throw wrongType('options.hmacKey', expected, `a value of type ${typeof key}`);
  const { byteLength } = Buffer.from(key);
  if (byteLength < KEY_BYTES) throw outOfRange('options.hmacKey', expected, `${byteLength} bytes`);
}

function checkBlobs(blobs: unknown): void {
  const { put, get, delete: remove } = (blobs ?? {}) as Partial<Record<'put' | 'get' | 'delete', unknown>>;
  if (![put, get, remove].every((method) => typeof method === 'function')) {
    throw wrongType('options.blobs', 'a BlobStore, with the methods put, get and delete', blobs);
  }
}
