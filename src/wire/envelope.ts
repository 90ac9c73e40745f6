/**
 * What crosses a network: plain data as bytes, behind a version byte and, if both sides share a key, an HMAC. What arrives may
 * have been written by anybody who can reach the server, so it is checked before it is read: bytes that this side does not know,
 * that are not signed, or whose signature is wrong are refused. Reading gives data only; nothing in it is ever run.
 *
 * Layout: version, flags, 32 bytes of HMAC-SHA-256 if signed, V8's serialisation (format 15 on Node 20 to 26). The signature also
 * covers what the bytes are for, so that a signed job cannot be presented as another job, or as a result.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { RemoteRefusedError } from '../base/remote-errors.ts';

const VERSION = 1;
const SIGNED = 1;
const HEADER = 2;
const MAC = 32;

export class Envelopes {
  readonly #key: Uint8Array | null;

  constructor(key: string | Uint8Array | undefined) {
    this.#key = key === undefined ? null : Buffer.from(key);
  }

  /** Throws what V8 cannot serialise. `purpose` names what the bytes are for. */
  seal(purpose: string, value: unknown): Buffer {
    const body = serialize(value);
    if (this.#key === null) return Buffer.concat([Uint8Array.of(VERSION, 0), body]);
    const header = Uint8Array.of(VERSION, SIGNED);
    return Buffer.concat([header, sign(this.#key, purpose, header, body), body]);
  }

  /** Throws RemoteRefusedError for everything that `seal` with the same key and purpose did not make. */
  open(purpose: string, bytes: Uint8Array): unknown {
    const [version, flags] = bytes;
    if (version !== VERSION) throw refused(purpose, `its format (${version ?? 'empty'}) is not the one known here (${VERSION})`);
    if (this.#key === null) {
      if (flags !== 0) throw refused(purpose, 'it is signed, and this side was given no key (hmacKey)');
      return read(purpose, bytes.subarray(HEADER));
    }
    if (flags !== SIGNED || bytes.length < HEADER + MAC) throw refused(purpose, 'it is not signed');
    const body = bytes.subarray(HEADER + MAC);
    const expected = sign(this.#key, purpose, bytes.subarray(0, HEADER), body);
    if (!timingSafeEqual(bytes.subarray(HEADER, HEADER + MAC), expected)) throw refused(purpose, 'its signature is wrong');
    return read(purpose, body);
  }
}

function sign(key: Uint8Array, purpose: string, header: Uint8Array, body: Uint8Array): Buffer {
  const name = Buffer.from(purpose);
  const length = Buffer.alloc(4); // so that no other split of purpose and body gives the same text
  length.writeUInt32BE(name.length);
  return createHmac('sha256', key).update(header).update(length).update(name).update(body).digest();
}

function read(purpose: string, body: Uint8Array): unknown {
  try {
    return deserialize(body);
  } catch (cause) {
    throw refused(purpose, 'it cannot be read', cause);
  }
}

function refused(purpose: string, why: string, cause?: unknown): RemoteRefusedError {
  return new RemoteRefusedError(`${purpose} was refused: ${why}`, cause === undefined ? undefined : { cause });
}
