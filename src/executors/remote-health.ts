/** For orchestrators: is this worker alive, may it be counted on, what does it do. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Health {
  /** It works, or will when the server is back. */
  readonly alive: boolean;
  /** It takes jobs now. */
  readonly ready: boolean;
  readonly [detail: string]: unknown;
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

export async function serveHealth(
  port: number,
  host: string | undefined,
  health: () => Health,
  statistics: () => object,
): Promise<HealthServer> {
  const server = createServer((request, response) => answer(request, response, health, statistics));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

function answer(request: IncomingMessage, response: ServerResponse, health: () => Health, statistics: () => object): void {
  const path = (request.url ?? '').replace(/\?.*$/, '');
  const state = health();
  if (path === '/healthz') send(response, state.alive ? 200 : 503, state);
  else if (path === '/readyz') send(response, state.ready ? 200 : 503, state);
  else if (path === '/statistics') send(response, 200, statistics());
  else send(response, 404, { error: 'there are /healthz, /readyz and /statistics' });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
