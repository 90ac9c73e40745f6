import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { RemoteConnections } from '../../src/executors/remote-connection.ts';
import { freePort, hasRedis, startRedis } from '../support/redis.ts';
import { until } from '../support/remote.ts';

const made: RemoteConnections[] = [];
afterEach(() => made.splice(0).forEach((connections) => connections.close()));
function connect(url: string): RemoteConnections {
  made.push(new RemoteConnections(url, () => {}));
  return made.at(-1)!;
}

it.each([undefined, 5, 'localhost', 'http://localhost', 'p@ssword'])(
  '%s is no URL of a server, and is not shown with its password',
  (url) => {
    expect(() => connect(url as string)).toThrow('options.url to be the URL of a Redis or Valkey server');
    expect(() => connect('http://me:p4ss@host')).toThrow(expect.not.objectContaining({ message: expect.stringContaining('p4ss') }));
  },
);

it('a server that is not there is trouble, but not the last word', async () => {
  const connections = connect(`redis://:s3cret@127.0.0.1:${await freePort()}`);
  connections.open('producer', 'test');
  await until(() => connections.trouble !== null);
  expect(connections.trouble).toMatchObject({ final: null, error: { message: expect.stringContaining('ECONNREFUSED') } });
});

it('a second error of one socket ends no process, not even when the connection is closed', async () => {
  const server = createServer((socket) => void socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connections = connect(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const client = connections.open('producer', 'test');
  await once(client, 'connect');
  const { stream } = client as unknown as { stream: Socket };
  for (const message of ['the first', 'an alert']) stream.emit('error', new Error(message));
  expect(connections.trouble?.error.message).toBe('the first');
  connections.close();
  stream.emit('error', new Error('the last'));
  server.close();
});

describe.runIf(hasRedis())('with a server that wants a password', () => {
  it('the wrong one is final, and is told to nobody', async () => {
    const server = await startRedis({ password: 'right' });
    try {
      const connections = connect(server.url.replace('right', 'wr0ng-s3cret'));
      connections.open('producer', 'test');
      connections.open('subscriber', 'test');
      await until(() => connections.trouble?.final === 'refused');
      expect(connections.trouble!.error.message).toContain('WRONGPASS');
      expect(inspect(connections.trouble, { depth: 10 })).not.toContain('wr0ng-s3cret');
      expect(connections.shown).not.toContain('s3cret');
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });

  it('trouble is over when all connections are ready', async () => {
    const server = await startRedis({ password: 'right' });
    try {
      const connections = connect(server.url);
      const clients = (['producer', 'worker', 'subscriber'] as const).map((kind) => connections.open(kind, 'test'));
      await until(() => clients.every((client) => client.status === 'ready'));
      await server.kill();
      await until(() => connections.trouble !== null);
      await expect(clients[0]!.ping()).rejects.toThrow(/writeable|closed|max retries/i);
      await server.start();
      await until(() => connections.trouble === null);
      expect(await clients[0]!.ping()).toBe('PONG');
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });
});
