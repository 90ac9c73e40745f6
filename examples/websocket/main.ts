/** A chat over WebSockets: a group per connection, three sources of events in each. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { gather, run, sleep, withSignal, withTaskGroup } from 'offloop';
import { WebSocket, WebSocketServer } from 'ws';
import { serve } from './serve.ts';
import { Topic } from './topic.ts';

async function join(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  await withSignal((signal) => once(socket, 'open', { signal }));
  return socket;
}

await run(async () => {
  const topic = new Topic();
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await withSignal((signal) => once(server, 'listening', { signal }));
  const { port } = server.address() as AddressInfo;

  await withTaskGroup(async (connections) => {
    server.on('connection', (socket) => void connections.spawn(() => serve(socket, topic)));

    const [alice, bob] = await gather([() => join(port), () => join(port)]);
    const came = { heartbeats: 0, texts: 0 };
    bob.on('ping', () => came.heartbeats++);
    bob.on('message', (text: Buffer) => {
      console.log('bob hears:', text.toString());
      came.texts++;
    });
    while (topic.size < 2) await sleep(1);

    alice.send('hello');
    alice.send('the loop is free');
    while (came.heartbeats < 2 || came.texts < 2) await sleep(1);
    console.log(`subscribers: ${topic.size}, connections: ${connections.size}, heartbeats came: ${came.heartbeats > 1}`);

    alice.close();
    while (connections.size > 1) await sleep(1);
    console.log(`alice left: subscribers: ${topic.size}, connections: ${connections.size}`);

    bob.close();
    server.close();
  }); // waits until the last connection has ended
  console.log(`all left: subscribers: ${topic.size}`);
});
