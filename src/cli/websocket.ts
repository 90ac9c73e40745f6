/**
 * The client side of a WebSocket (RFC 6455), as far as Node's inspector speaks it: text both ways, on the loopback, no
 * extensions. Node 20 has no client of its own, and a package for these hundred lines would have to be installed by
 * everybody who uses the library and never its command.
 */
import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import type { Socket } from 'node:net';

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const [CONTINUATION, TEXT, CLOSE, PING, PONG] = [0, 1, 8, 9, 10] as const;

export interface Address {
  readonly host: string;
  readonly port: number;
}

interface Listener {
  text(text: string): void;
  closed(): void;
}

export class WebSocketClient {
  readonly #socket: Socket;
  /** Nothing is read until somebody listens. */
  #listener: Listener | null = null;
  #received: Buffer;
  #parts: Buffer[] = [];

  static connect({ host, port }: Address, path: string, patience: number): Promise<WebSocketClient> {
    const key = randomBytes(16).toString('base64');
    const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key };
    const accept = createHash('sha1')
      .update(key + MAGIC)
      .digest('base64');
    return new Promise((resolve, reject) => {
      const asked = request({ host, port, path, headers, timeout: patience, agent: false });
      asked.on('upgrade', (response, socket: Socket, head) => {
        socket.setTimeout(0);
        if (response.headers['sec-websocket-accept'] === accept) return resolve(new WebSocketClient(socket, head));
        socket.destroy();
        reject(new Error(`${host}:${port} answered, but not as a WebSocket`));
      });
      asked.on('response', (response) => {
        response.destroy();
        reject(new Error(`${host}:${port} refused the WebSocket (HTTP ${response.statusCode})`));
      });
      asked.on('timeout', () => asked.destroy(new Error(`${host}:${port} did not answer within ${patience} ms`)));
      asked.on('error', reject);
      asked.end();
    });
  }

  private constructor(socket: Socket, head: Buffer) {
    this.#socket = socket;
    this.#received = head;
    socket.setNoDelay(true);
    socket.on('error', () => {}); // 'close' follows
  }

  listen(listener: Listener): void {
    this.#listener = listener;
    if (this.#socket.closed) return listener.closed();
    this.#socket.on('close', () => listener.closed());
    this.#socket.on('data', (chunk) => this.#hear(chunk));
    this.#hear(Buffer.alloc(0)); // what came with the answer
  }

  send(text: string): void {
    this.#send(TEXT, Buffer.from(text));
  }

  close(): void {
    if (!this.#socket.writable) return;
    this.#send(CLOSE, Buffer.alloc(0));
    this.#socket.end();
    this.#socket.destroySoon();
  }

  #send(kind: number, data: Buffer): void {
    if (!this.#socket.writable) return;
    const mask = randomBytes(4);
    const masked = Buffer.from(data.map((byte, i) => byte ^ mask[i & 3]!));
    this.#socket.write(Buffer.concat([headOf(kind, data.length), mask, masked]));
  }

  #hear(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (let frame = takeFrame(this.#received); frame !== null; frame = takeFrame(this.#received)) {
      this.#received = frame.rest;
      this.#handle(frame);
    }
  }

  #handle({ kind, last, data }: Frame): void {
    if (kind === PING) return this.#send(PONG, data);
    if (kind === CLOSE) return this.close();
    if (kind !== TEXT && kind !== CONTINUATION) return;
    this.#parts.push(data);
    if (last) this.#listener?.text(Buffer.concat(this.#parts.splice(0)).toString());
  }
}

interface Frame {
  readonly kind: number;
  readonly last: boolean;
  readonly data: Buffer;
  readonly rest: Buffer;
}

/** A client's frames are masked. */
export function headOf(kind: number, length: number): Buffer {
  const head = Buffer.alloc(length < 126 ? 2 : length < 0x10000 ? 4 : 10);
  head[0] = 0x80 | kind;
  if (length < 126) head[1] = 0x80 | length;
  else if (length < 0x10000) head.writeUInt16BE(length, ((head[1] = 0x80 | 126), 2));
  else head.writeBigUInt64BE(BigInt(length), ((head[1] = 0x80 | 127), 2));
  return head;
}

/** The first frame of what a server sent; null until it is complete. */
export function takeFrame(bytes: Buffer): Frame | null {
  if (bytes.length < 2) return null;
  const short = bytes[1]! & 0x7f;
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < start) return null;
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const end = start + length;
  if (bytes.length < end) return null;
  return { kind: bytes[0]! & 0xf, last: bytes[0]! >= 0x80, data: bytes.subarray(start, end), rest: bytes.subarray(end) };
}
