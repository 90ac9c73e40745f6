import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resource, run, sleepForever, withSignal, withTaskGroup } from 'offloop';
import type { StartContext } from 'offloop';

const listening = resource(async function* (answer: string) {
  const server = createServer((_, response) => response.end(answer)).listen(0);
  try {
    await withSignal((signal) => once(server, 'listening', { signal }));
    yield (server.address() as AddressInfo).port;
  } finally {
    server.close();
  }
});

/** Says on which port it listens, then serves until it is cancelled. */
async function serve(ctx: StartContext<number>): Promise<void> {
  await listening('hello').use((port) => {
    ctx.started(port);
    return sleepForever();
  });
}

await run(() =>
  withTaskGroup(async (tg) => {
    const { value: port } = await tg.start(serve); // here the server is ready
    const response = await withSignal((signal) => fetch(`http://127.0.0.1:${port}`, { signal }));
    console.log(`the server said ${await response.text()}`);
    tg.cancel(); // ends the server
  }),
);
