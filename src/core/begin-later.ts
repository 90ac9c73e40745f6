/**
 * One microtask for each: they run in the order in which they were asked for, and so one function serves all, where a closure
 * for each would be another object per task. What it calls has a context of its own, which is left when the microtask ends.
 */
import { Ring } from '../base/ring.ts';

interface Beginner {
  begin(): void;
}

const settled: Promise<void> = Promise.resolve();
const waiting = new Ring<Beginner>();
const beginNext = (): void => waiting.shift().begin();

/** Calls `begin()` one microtask from now; it must not throw. */
export function beginLater(beginner: Beginner): void {
  waiting.push(beginner);
  void settled.then(beginNext);
}
