/**
 * The items of a generator that an actor's method returned. They come in batches that grow as long as the consumer takes all
 * of them, so a fast generator costs few messages, and one that is read slowly runs ahead by no more than one batch.
 */
import { isCancelled } from '../base/errors.ts';
import type { CancelledError } from '../base/errors.ts';
import { here } from '../core/scope.ts';
import { decodeThrown } from '../wire/error-codec.ts';
import type { ActorBatch } from '../wire/actor-protocol.ts';
import type { ActorLink, StreamRef } from './actor-link.ts';

/** As many items as a generator runs ahead of its consumer at most. */
const MOST = 64;

/**
 * Reads the stream that `open` starts with the first item asked for, as a generator starts. Leaving the loop early runs the
 * generator's `finally` in the worker, and waits for it; a cancelled wait asks for it and goes on at once.
 */
export async function* readStream(link: ActorLink, name: string, open: () => Promise<StreamRef>): AsyncGenerator<unknown, void, void> {
  const { id } = await open();
  const pull = async (most: number): Promise<ActorBatch> =>
    (await link.ask({ op: 'pull', name, what: { stream: id, most }, target: id, below: readStream })) as ActorBatch;
  let over = false;
  let cancelled: CancelledError | null = null;
  try {
    for (let most = 1; !over; most = Math.min(2 * most, MOST)) {
      const { items, end } = await pull(most);
      yield* items;
      over = end === 'done';
      if (end !== null && end !== 'done') throw decodeThrown(end.thrown);
    }
  } catch (error) {
    if (isCancelled(error)) cancelled = here().effective;
    throw error;
  } finally {
    if (!over) await close(link, name, id, cancelled);
  }
}

async function close(link: ActorLink, name: string, id: number, cancelled: CancelledError | null): Promise<void> {
  if (link.over) return;
  const closing = link.ask({ op: 'close', name, what: id, target: id, cleanup: true, below: readStream });
  if (cancelled === null) await closing;
  else {
    link.cancelRemote(id, cancelled);
    closing.catch((error: unknown) => link.reportLate(name, error));
  }
}
