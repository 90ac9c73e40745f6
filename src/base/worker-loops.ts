/**
 * The event loops of the workers that this thread has started, and who wants to hear of their blocks. A worker gets two pieces
 * of shared memory at its start: what is wished for, the same for all, and room for its heartbeat. So it costs nothing to ask,
 * in the midst of any job, whether anybody listens. Shared by all copies of the package.
 */

/** Milliseconds: from which on a block counts, and between two beats. */
export interface LoopWish {
  readonly threshold: number;
  readonly heartbeat: number;
}

/** What a worker is given. */
export interface WorkerLoop {
  readonly wish: SharedArrayBuffer;
  readonly heartbeat: SharedArrayBuffer;
}

/** Is told of the loops that are there, and of each that comes and goes. */
export interface LoopFollower {
  joined(threadId: number, heartbeat: SharedArrayBuffer): void;
  left(threadId: number): void;
}

/** Bytes; a heartbeat takes less. */
export const HEARTBEAT_ROOM = 1280;

interface Table {
  /** Two words: the least threshold and heartbeat that somebody wants; 0 when nobody wants any. */
  readonly wish: SharedArrayBuffer;
  readonly loops: Map<number, SharedArrayBuffer>;
  readonly followers: Map<LoopFollower, LoopWish>;
}

const key: unique symbol = Symbol.for('offloop.worker-loops.v1') as never;
const host = globalThis as { [key]?: Table };

function table(): Table {
  return (host[key] ??= { wish: new SharedArrayBuffer(8), loops: new Map(), followers: new Map() });
}

/** For a worker that is about to be started. */
export function newLoop(): WorkerLoop {
  return { wish: table().wish, heartbeat: new SharedArrayBuffer(HEARTBEAT_ROOM) };
}

/** The worker has been started. The result says that it is gone. */
export function announceLoop(threadId: number, { heartbeat }: WorkerLoop): () => void {
  const { loops, followers } = table();
  loops.set(threadId, heartbeat);
  for (const follower of followers.keys()) follower.joined(threadId, heartbeat);
  return () => {
    if (loops.delete(threadId)) for (const follower of followers.keys()) follower.left(threadId);
  };
}

/** The result ends that. */
export function followLoops(wish: LoopWish, follower: LoopFollower): () => void {
  const { loops, followers } = table();
  followers.set(follower, wish);
  publishWish();
  for (const [threadId, heartbeat] of loops) follower.joined(threadId, heartbeat);
  return () => {
    if (followers.delete(follower)) publishWish();
  };
}

function publishWish(): void {
  const { wish, followers } = table();
  const words = new Int32Array(wish);
  const least = (all: number[]): number => (all.length === 0 ? 0 : Math.max(1, Math.floor(Math.min(...all))));
  const wishes = [...followers.values()];
  Atomics.store(words, 1, least(wishes.map(({ heartbeat }) => heartbeat)));
  Atomics.store(words, 0, least(wishes.map(({ threshold }) => threshold)));
}

/** What a worker reads: null when nobody listens. */
export function wishIn(words: Int32Array): LoopWish | null {
  const threshold = Atomics.load(words, 0);
  return threshold === 0 ? null : { threshold, heartbeat: Atomics.load(words, 1) };
}
