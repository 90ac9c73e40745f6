import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { headOf, takeFrame, WebSocketClient } from '../../src/cli/websocket.ts';

let server: Server | undefined;
const sockets: Socket[] = [];
afterEach(() => {
  sockets.splice(0).forEach((socket) => socket.destroy());
  server?.close();
});

/** A server that upgrades, and hands over the raw socket. */
async function serve(upgraded: (socket: Socket) => void, key?: string): Promise<number> {
  server = createServer((_, response) => response.writeHead(400).end());
  server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    sockets.push(socket);
    const accept = createHash('sha1').update(`${key ?? request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`,
    );
    upgraded(socket);
  });
  await new Promise<void>((listening) => server!.listen(0, '127.0.0.1', listening));
  return (server.address() as AddressInfo).port;
}

const connect = (port: number): Promise<WebSocketClient> => WebSocketClient.connect({ host: '127.0.0.1', port }, '/', 5000);
/** A server's frame: not masked. */
const frame = (text: string, kind = 1, last = true): Buffer => {
  const data = Buffer.from(text);
  const head = headOf(kind, data.length);
  head[0] = (last ? 0x80 : 0) | kind;
  head[1]! &= 0x7f;
  return Buffer.concat([head, data]);
};
/** Of a short client's frame: two bytes of head, four of mask. */
const unmask = (bytes: Buffer): string => Buffer.from(bytes.subarray(6).map((byte, i) => byte ^ bytes[2 + (i & 3)]!)).toString();

describe('messages arrive whole', () => {
  test.each([
    ['short', 'hello'],
    ['of 126 bytes and more', 'x'.repeat(200)],
    ['of 64 KiB and more', 'ä'.repeat(70_000)],
  ])('%s', async (_, text) => {
    const port = await serve((socket) => socket.write(frame(text)));
    const client = await connect(port);
    expect(await new Promise((heard) => client.listen({ text: heard, closed: () => {} }))).toBe(text);
    client.close();
  });

  test('in pieces of any size, in fragments, and several at once', async () => {
    const port = await serve((socket) => {
      const bytes = Buffer.concat([frame('one'), frame('tw', 1, false), frame('o', 0, true), frame('three')]);
      for (const byte of bytes) socket.write(Buffer.from([byte]));
    });
    const client = await connect(port);
    const heard: string[] = [];
    await new Promise<void>((all) => client.listen({ text: (text) => (heard.push(text), heard.length === 3 && all()), closed: () => {} }));
    expect(heard).toEqual(['one', 'two', 'three']);
    client.close();
  });
});

test('what is sent is masked, a ping is answered, and closing says so', async () => {
  let received = Buffer.alloc(0);
  let closed!: () => void;
  const ended = new Promise<void>((resolve) => (closed = resolve));
  const port = await serve((socket) => {
    socket.on('data', (chunk) => (received = Buffer.concat([received, chunk])));
    socket.on('end', closed);
    socket.write(frame('are you there', 9));
  });
  const client = await connect(port);
  client.listen({ text: () => {}, closed: () => {} });
  while (received.length === 0) await new Promise((turn) => setImmediate(turn));
  expect(received[0]).toBe(0x8a); // a pong
  expect(received.includes('are you there')).toBe(false);
  received = Buffer.alloc(0);
  client.send('{"id":1}');
  while (received.length === 0) await new Promise((turn) => setImmediate(turn));
  expect(received[1]! & 0x80).toBe(0x80);
  expect(unmask(received)).toBe('{"id":1}');
  client.close();
  await ended;
});

test('the other side ends: that is told, and nothing more can be sent', async () => {
  const port = await serve((socket) => setImmediate(() => socket.destroy()));
  const client = await connect(port);
  await new Promise<void>((closed) => client.listen({ text: () => {}, closed }));
  expect(() => client.send('too late')).not.toThrow();
});

test('what is no WebSocket is refused', async () => {
  const port = await serve(() => {}, 'another key');
  await expect(connect(port)).rejects.toThrow('answered, but not as a WebSocket');
  server!.removeAllListeners('upgrade');
  await expect(connect(port)).rejects.toThrow('refused the WebSocket (HTTP 400)');
  sockets.splice(0).forEach((socket) => socket.destroy());
  server!.closeAllConnections();
  await new Promise((closed) => server!.close(closed));
  await expect(connect(port)).rejects.toThrow('ECONNREFUSED');
});

test('a frame is taken only when it is complete', () => {
  const bytes = frame('x'.repeat(300));
  for (const length of [0, 1, 3, bytes.length - 1]) expect(takeFrame(bytes.subarray(0, length))).toBeNull();
  expect(takeFrame(Buffer.concat([bytes, Buffer.from('rest')]))?.rest.toString()).toBe('rest');
});
