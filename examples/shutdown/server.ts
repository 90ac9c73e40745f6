/** Answers slowly; on SIGTERM it takes no new requests, finishes those it has, and ends. Prints its port. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openSignalReceiver, run, sleep, withTaskGroup } from 'offloop';

await run(
  async () => {
    await withTaskGroup(async (requests) => {
      const server = createServer((request, response) => {
        requests.spawn(async () => {
          await sleep(300); // stands for work
          response.setHeader('connection', 'close');
          response.end(`done ${request.url}`);
        });
      });
      server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
      for await (const signal of openSignalReceiver('SIGTERM')) {
        console.log(`${signal}: ${requests.size} requests under way`);
        break;
      }
      await once(server.close(), 'close'); // no new connection; what is still being read may become a request of the group
    });
    console.log('all answered');
  },
  { signals: ['SIGINT'] },
);
