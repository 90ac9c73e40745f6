/** `server.ts in` hashes in the loop, `server.ts off` off the loop. Prints its port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { background, run, sleepForever } from 'offloop';
import { hash } from './jobs.ts';

const inTheLoop = process.argv[2] === 'in';

await run(async () => {
  const server = createServer((request, response) => {
    background(async () => {
      if (request.url === '/ping') response.end('pong');
      else response.end(inTheLoop ? await hash.local('secret') : await hash('secret'));
    });
  });
  server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
  try {
    await sleepForever(); // until SIGTERM
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
