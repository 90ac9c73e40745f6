/** Runs a contestant in a process of its own, which blocks in every way, and gathers what was reported. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';

/** A block, as it was. */
export interface Truth {
  readonly kind: string;
  readonly origin: string;
  readonly at: number;
  readonly ms: number;
  readonly task: string;
}

/** A block, as it was told. Without `duration`: told in the midst of it. */
export interface Report {
  readonly at: number;
  readonly duration?: number;
  /** By how many milliseconds `at` may be too late. */
  readonly slack?: number;
  readonly file?: string;
  readonly line?: number;
  readonly task?: string;
  readonly cause?: string;
  readonly confidence?: string;
}

export interface Round {
  readonly contestant: string;
  readonly threshold: number;
  readonly durations: readonly number[];
  readonly rounds: number;
}

export async function inject(round: Round): Promise<{ truths: Truth[]; reports: Report[] }> {
  const ear = await listen();
  try {
    const args = [fileURLToPath(new URL('./program.mjs', import.meta.url)), JSON.stringify(round)];
    const env = { ...process.env, SENTRY_DSN: ear.dsn };
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 28, env });
    const { truths, reports } = JSON.parse(stdout.trim().split('\n').at(-1)!) as { truths: Truth[]; reports: Report[] };
    return { truths, reports: [...reports, ...ear.reports] };
  } finally {
    ear.close();
  }
}

interface SentryEvent {
  readonly exception?: { values: { stacktrace?: { frames?: { filename?: string; lineno?: number }[] } }[] };
  readonly tags?: { readonly task?: string };
}

/** A Sentry of our own on loopback. What arrives was sent while the block lasted; its last frame is the innermost. */
async function listen(): Promise<{ dsn: string; reports: Report[]; close(): void }> {
  const reports: Report[] = [];
  const server = createServer((request, response) => {
    const at = Date.now();
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      response.end('{}');
      const body = Buffer.concat(parts);
      const lines = String(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).split('\n');
      for (let i = 1; i + 1 < lines.length; i += 2) {
        if ((JSON.parse(lines[i]!) as { type: string }).type === 'event')
          reports.push(toReport(at, JSON.parse(lines[i + 1]!) as SentryEvent));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { dsn: `http://key@127.0.0.1:${port}/1`, reports, close: () => server.close() };
}

function toReport(at: number, { exception, tags }: SentryEvent): Report {
  const frames = exception?.values[0]?.stacktrace?.frames ?? [];
  const inner = frames.findLast(({ filename = '' }) => filename.includes('/bench/'));
  return {
    at,
    ...(inner !== undefined && { file: inner.filename!, line: inner.lineno! }),
    ...(tags?.task !== undefined && { task: tags.task }),
  };
}
