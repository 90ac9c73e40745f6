/** Sealed bytes as the text that a queue carries: in place when they are small, by their key in the blob store when they are not. */
import { RemoteRefusedError } from '../base/remote-errors.ts';
import type { Envelopes } from '../wire/envelope.ts';
import { BLOB_TTL, INLINE_BYTES } from './remote-blobs.ts';
import type { BlobStore } from './remote-blobs.ts';

const INLINE = 'i';
const BLOB = 'b';

export class Payloads {
  readonly #envelopes: Envelopes;
  readonly #blobs: BlobStore;

  constructor(envelopes: Envelopes, blobs: BlobStore) {
    this.#envelopes = envelopes;
    this.#blobs = blobs;
  }

  /** Throws at once what cannot be serialised. A string when it is small; else what puts it into the store. */
  prepare(purpose: string, value: unknown): string | (() => Promise<string>) {
    const bytes = this.#envelopes.seal(purpose, value);
    if (bytes.length <= INLINE_BYTES) return INLINE + bytes.toString('base64');
    return async () => BLOB + (await this.#blobs.put(bytes, BLOB_TTL));
  }

  /** As `prepare`, and puts it there at once. */
  pack(purpose: string, value: unknown): string | Promise<string> {
    const prepared = this.prepare(purpose, value);
    return typeof prepared === 'string' ? prepared : prepared();
  }

  /** Throws, or rejects with, RemoteRefusedError for what no partner packed. */
  unpack(purpose: string, text: unknown): unknown {
    if (typeof text !== 'string' || (text[0] !== INLINE && text[0] !== BLOB)) {
      throw new RemoteRefusedError(`${purpose} was refused: it is not what this program writes`);
    }
    if (text[0] === INLINE) return this.#envelopes.open(purpose, Buffer.from(text.slice(1), 'base64'));
    return this.#unpackBlob(purpose, text.slice(1));
  }

  async #unpackBlob(purpose: string, key: string): Promise<unknown> {
    const bytes = await this.#blobs.get(key);
    if (bytes === undefined) throw new RemoteRefusedError(`${purpose} was refused: its payload is not in the blob store any more`);
    return this.#envelopes.open(purpose, bytes);
  }

  /** What `pack` made is not needed any more. */
  async discard(text: unknown): Promise<void> {
    if (typeof text === 'string' && text[0] === BLOB) await this.#blobs.delete(text.slice(1));
  }
}

export const jobPurpose = (id: string, name: string): string => `job ${id} ${name}`;
export const resultPurpose = (id: string): string => `the result of job ${id}`;
export const controlPurpose = 'a control message';
export const messagePurpose = (id: string): string => `a message of job ${id}`;
