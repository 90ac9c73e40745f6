/** Many requests over one pool of connections, a few at once, each with its own time limit; then how long they took. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { map, run, timeout, TimeoutError, withSignal } from 'offloop';

await run(async () => {
  const server = createServer((request, response) => {
    const n = Number(request.url?.slice(1));
    setTimeout(() => response.end(`item ${n}`), n % 50 === 49 ? 30_000 : 5 + (n % 10)).unref();
  }).listen(0, '127.0.0.1');
  await withSignal((signal) => once(server, 'listening', { signal }));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const times: number[] = [];
  let late = 0;
  async function get(n: number): Promise<void> {
    const began = performance.now();
    try {
      await timeout(1500, () => withSignal(async (signal) => (await fetch(`${base}/${n}`, { signal })).text()));
      times.push(performance.now() - began);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      late++; // the request was aborted, not only forgotten
    }
  }

  await map(Array(200).keys(), get, { limit: 20 });
  times.sort((a, b) => a - b);
  const percentile = (p: number): string => (times[Math.floor((times.length * p) / 100)] as number).toFixed(1);
  console.log(`${times.length} answered, ${late} took too long`);
  console.log(`p50 ${percentile(50)} ms, p95 ${percentile(95)} ms`);
  server.closeAllConnections();
  server.close();
});
