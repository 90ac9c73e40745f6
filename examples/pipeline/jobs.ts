import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { offload } from 'offloop';

export interface Request {
  readonly path: string;
  readonly status: number;
  readonly ms: number;
}

/** Reads, unpacks and parses a log in a worker. It is never further ahead than the loop lets it be. */
export const requests = offload(import.meta, async function* (file: string): AsyncGenerator<Request> {
  const lines = createInterface({ input: createReadStream(file).pipe(createGunzip()) });
  for await (const line of lines) {
    const { path, status, ms } = JSON.parse(line) as Request;
    yield { path, status, ms };
  }
});
