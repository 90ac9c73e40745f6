/**
 * Turns of the event loop. A fast path that never waits would starve timers and I/O, because promises are drained before
 * the loop goes on; so every 1,024th uncontended operation gives the loop one turn.
 */

const RESOLVED: Promise<void> = Promise.resolve();
const OPERATIONS_PER_TURN = 1024;
let operations = 0;

/** A settled promise, or every now and then one that settles a loop turn later. The operation it stands for has happened. */
export function done(): Promise<void> {
  return (++operations & (OPERATIONS_PER_TURN - 1)) === 0 ? nextTurn() : RESOLVED;
}

/** As `done`, with a value. */
export function doneWith<T>(value: T): Promise<T> {
  return (++operations & (OPERATIONS_PER_TURN - 1)) === 0 ? nextTurn().then(() => value) : Promise.resolve(value);
}

/** Resolves after the loop went once around: timers and I/O that are ready run first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
