/**
 * How long the loop was busy in a gap, when a profile kept Node from counting it (`turns.ts` tells why). The profile itself
 * shows when it last interrupted the wait; Node's own figure is what the loop waited from then on.
 */
import type { Gap } from './heartbeat.ts';
import type { Poll } from './turns.ts';

/** One sample of a profile: whether the loop waited for events. */
export interface Seen {
  readonly at: number;
  readonly idle: boolean;
}

/** Milliseconds from the signal to the sample's own clock. */
const SLACK = 0.5;

export function activeIn(gap: Gap, seen: readonly Seen[]): number {
  const { start, end, active, poll } = gap;
  if (poll === undefined || !(poll.to > start)) return active; // it did not wait at all
  const within = { ...poll, from: Math.max(poll.from, start) };
  const after = end - poll.to;
  const during = poll.to - endOfWait(within, seen);
  const before = Math.min(within.from - start, active - after - (poll.to - within.from - poll.idle));
  // What came before that wait is right when no sample fell into a wait there; else it was short, and is left out.
  const known = !seen.some(({ at, idle }) => idle && at > start && at <= within.from);
  return Math.min(active, during + after + (known ? Math.max(0, before) : 0));
}

function endOfWait({ from, to, idle }: Poll, seen: readonly Seen[]): number {
  const of = seen.filter(({ at }) => at > from && at < to);
  const waits = of.filter((s) => s.idle).map(({ at }) => at);
  const last = waits.at(-1);
  if (last === undefined) return from + idle;
  const next = of.find((s) => s.at > last)?.at ?? to;
  // Usually the last sample is the last interruption; it may also have come when the wait was just over.
  for (const interrupted of [...waits.reverse(), from]) {
    const woke = interrupted + idle;
    if (woke >= last - SLACK && woke <= next + SLACK) return Math.min(woke, to);
  }
  return Math.min(next, last + idle);
}
