/**
 * When to send SIGUSR1. Node opens its inspector wherever the signal interrupts the program, and emits an event there. Up to
 * Node 23 that breaks the books of async_hooks if it happens while a callback is being entered that has not run often: a
 * program that uses an AsyncLocalStorage dies of it (`Cannot read properties of undefined (reading 'Symbol(kResourceStore)')`).
 * A signal that comes a moment before a timer does it, one that finds the program asleep does not; and a program that has just
 * gone to sleep will not wake up soon.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { isAsleep } from './native.ts';
import { PROC, read } from './proc.ts';

const PATIENCE = 100;
const POLL = 1;

/** Resolves when the main thread has just gone to sleep; after `patience` milliseconds if it sleeps on, or does not sleep at all. */
export async function quietMoment(pid: number, root: string = PROC, patience: number = PATIENCE): Promise<void> {
  const before = timesAsleep(pid, root);
  for (const deadline = performance.now() + patience; performance.now() < deadline; await delay(POLL)) {
    if (timesAsleep(pid, root) !== before && isAsleep(pid, root) !== false) return;
  }
}

/** How often it went to sleep by itself; null when that cannot be known. */
function timesAsleep(pid: number, root: string): string | null {
  const status = read(join(root, String(pid), 'task', String(pid), 'status')) ?? '';
  return /^voluntary_ctxt_switches:\s*(\d+)$/m.exec(status)?.[1] ?? null;
}
