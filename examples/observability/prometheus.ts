import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { map, run } from 'offloop';
import { collect, metricsHandler } from 'offloop/prometheus';
import { digest, parse } from './jobs.ts';

collect(); // into prom-client's default registry

await run(async () => {
  await map(['tea', 'milk', 'sugar'], (text) => digest(text));
  await parse('{').catch(() => {});

  const server = createServer(metricsHandler()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  server.closeAllConnections();
  server.close();
  const shown = text.split('\n').filter((line) => /^offloop_(?:jobs|job_run_seconds_count)/.test(line));
  console.log(shown.join('\n'));
});
