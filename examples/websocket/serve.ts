import { channel, sleep, withTaskGroup } from 'offloop';
import type { ReceiveChannel } from 'offloop';
import type { WebSocket } from 'ws';
import type { Topic } from './topic.ts';

/** What the socket receives, until it closes. */
function messagesOf(socket: WebSocket): ReceiveChannel<string> {
  const [send, receive] = channel<string>(Infinity);
  socket.on('message', (data: Buffer) => send.sendNowait(data.toString()));
  socket.on('close', () => send.close());
  return receive;
}

/** One connection: its messages, the topic and a heartbeat, side by side. None of them outlives it, and an error in one ends all. */
export async function serve(socket: WebSocket, topic: Topic): Promise<void> {
  await withTaskGroup(async (tg) => {
    tg.spawn(() =>
      topic.subscription().use(async (news) => {
        for await (const text of news) socket.send(text);
      }),
    );
    tg.spawn(async () => {
      for (;;) {
        await sleep(20);
        socket.ping();
      }
    });
    for await (const text of messagesOf(socket)) topic.publish(text);
    tg.cancel();
  });
}
