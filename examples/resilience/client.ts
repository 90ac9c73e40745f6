import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CircuitBreaker, CircuitOpenError, map, now, RateLimiter, retry, run, timeout, TimeoutError, withSignal } from 'offloop';

class HttpError extends Error {
  readonly status: number;
  /** Milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(response: Response) {
    super(`HTTP ${response.status}`);
    this.status = response.status;
    const seconds = response.headers.get('retry-after');
    this.retryAfter = seconds === null ? undefined : Number(seconds) * 1000;
  }
}

/** A client that stays within the rate, waits as it is told to, tries again what may pass, and leaves a dead server alone. */
class Client {
  readonly troubles: string[] = [];
  readonly #base: string;
  readonly #limiter = new RateLimiter({ rate: 50, burst: 5 });
  readonly #breaker = new CircuitBreaker({ name: 'shop', isFailure: (error) => !(error instanceof HttpError) || error.status >= 500 });

  constructor(base: string) {
    this.#base = base;
  }

  get(path: string): Promise<string> {
    return retry(() => this.#attempt(path), {
      attempts: 6,
      baseDelay: 20,
      retryIf: (error) =>
        !(error instanceof CircuitOpenError) && (!(error instanceof HttpError) || error.status === 429 || error.status >= 500),
      delayFor: (error) => (error instanceof HttpError ? error.retryAfter : undefined),
      onRetry: (error) => this.troubles.push(error instanceof TimeoutError ? 'no answer in time' : (error as Error).message),
    });
  }

  /** Each attempt takes its turn at the limiter; only then its time begins, and only the server's silence counts against the server. */
  async #attempt(path: string): Promise<string> {
    await this.#limiter.acquire();
    return this.#breaker.call(() => timeout(1000, () => this.#request(path)));
  }

  async #request(path: string): Promise<string> {
    return withSignal(async (signal) => {
      const response = await fetch(this.#base + path, { signal });
      const body = await response.text();
      if (response.ok) return body;
      const error = new HttpError(response);
      if (error.retryAfter !== undefined) this.#limiter.pauseUntil(now() + error.retryAfter); // for all requests, also those in line
      throw error;
    });
  }
}

/** What goes wrong, by path: how often still. */
const trouble = new Map([
  ['/item/2', 1],
  ['/item/4', 2],
  ['/item/6', 1],
  ['/dead', Infinity],
]);

const server = createServer((request, response) => {
  const path = request.url as string;
  const left = trouble.get(path) ?? 0;
  trouble.set(path, left - 1);
  if (left <= 0) response.end(path.replace('/item/', 'item '));
  else if (path === '/item/2') response.writeHead(429, { 'retry-after': '1' }).end();
  else if (path !== '/item/6') response.writeHead(503).end(); // and to /item/6 there is no answer at all
});

await run(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const begun = now();
  try {
    const items = await map([1, 2, 3, 4, 5, 6, 7, 8], (n) => client.get(`/item/${n}`), { limit: 4 });
    console.log(items.join(', '));
    console.log(client.troubles.toSorted().join(', '));
    console.log(`the server asked for a pause of 1 s: ${now() - begun >= 1000 ? 'kept' : 'not kept'}`);
    await client.get('/dead').catch((error: Error) => console.log(error.name, /The circuit "shop" is open/.test(error.message)));
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
