/**
 * Telling when the loop has nothing left to run: the ground under `waitAllTasksBlocked` and the virtual clock's autojump.
 *
 * Whatever JavaScript runs, runs inside a callback that async_hooks announces, and all promises it settles are drained before
 * the next one. So the loop is idle when some of its turns announced nothing but our own look. (Promises need not be watched:
 * where Node can leave them out, it does. Measured cost of the hook: none on Node 24 and 26, a few percent on 20 and 22.)
 *
 * An idle loop may still have work under way outside it. What will end by itself, a request, is visible in one of two ways:
 * `process.getActiveResourcesInfo()` lists file, DNS and socket requests; the thread pool's jobs (crypto, dns.resolve, and
 * readFile on Node 26) only show in async_hooks. What may stay for ever cannot be told from what somebody waits for: sockets
 * without a request, servers, child processes, ports and timers (vitest holds four pipes and a timer all the time). These
 * do not count as work. Neither does zlib, whose writes show nowhere.
 */
import { createHook } from 'node:async_hooks';
import type { HookCallbacks } from 'node:async_hooks';
import { setImmediate, setTimeout } from 'node:timers';

/** Someone who waits for the loop to be idle. */
export interface IdleEntry {
  /** Real milliseconds for which the loop must have been idle. */
  readonly cushion: number;
  /** Among equal cushions: who goes first. */
  readonly rank: number;
  /** Turns after which to go on even if the loop is still busy. */
  readonly patience: number;
  /** True while there is another reason to wait. */
  held(): boolean;
  /** The loop is idle. The entry stays until it calls `unwatch`. */
  idle(): void;
}

const CALM_TURNS = 3;
const POLL_MS = 1;
const requestTypes = /^FSREQ|^QUERYWRAP$|REQUEST$/;
const requestNames = /Req|(?:Connect|Write|Shutdown|Send)Wrap$/;

let ran = 0;
const requests = new Set<number>();
const callbacks: HookCallbacks & { trackPromises: boolean } = {
  init(id, type) {
    if (requestTypes.test(type)) requests.add(id);
  },
  before() {
    ran++;
  },
  after(id) {
    if (requests.size > 0) requests.delete(id);
  },
  trackPromises: false, // known to Node 24 and later
};
const hook = createHook(callbacks);

/** From now on requests are seen. Never undone: a test process has no use for the last few percent. */
export function startWatching(): void {
  hook.enable();
}

/** What is under way outside the loop and will end by itself. */
export function pendingRequests(): string[] {
  const visible = process.getActiveResourcesInfo().filter((name) => requestNames.test(name));
  return requests.size > visible.length ? [...visible, 'thread pool job'] : visible;
}

const entries = new Set<IdleEntry>();
const waited = new WeakMap<IdleEntry, number>(); // turns
let seen = 0;
let calm = 0;
let calmSince = 0;
let scheduled = false;

export function watch(entry: IdleEntry): void {
  if (entries.has(entry)) return;
  startWatching();
  entries.add(entry);
  waited.set(entry, 0);
  calm = 0;
  calmSince = performance.now();
  if (!scheduled) schedule(0);
}

export function unwatch(entry: IdleEntry): void {
  entries.delete(entry);
}

function schedule(ms: number): void {
  scheduled = true;
  if (ms <= 0) setImmediate(look);
  else setTimeout(look, ms);
}

function look(): void {
  scheduled = false;
  const quiet = ran - seen === 1; // this very callback
  seen = ran;
  calm = quiet ? calm + 1 : 0;
  if (!quiet) calmSince = performance.now();
  const wait = tellNext();
  if (entries.size > 0 && !scheduled) schedule(wait);
}

/** Tells one entry, and returns how many milliseconds the next look may wait. */
function tellNext(): number {
  let next: IdleEntry | null = null;
  let held = false;
  for (const entry of entries) {
    const turns = (waited.get(entry) ?? 0) + 1;
    waited.set(entry, turns);
    if (turns >= entry.patience) return tell(entry);
    if (calm < CALM_TURNS) continue;
    if (entry.held()) held = true;
    else if (next === null || entry.cushion < next.cushion || (entry.cushion === next.cushion && entry.rank < next.rank)) next = entry;
  }
  if (next === null) return held ? POLL_MS : 0;
  const rest = calmSince + next.cushion - performance.now();
  return rest > 0 ? Math.max(1, rest) : tell(next);
}

function tell(entry: IdleEntry): number {
  calm = 0;
  calmSince = performance.now();
  waited.set(entry, 0);
  entry.idle();
  return 0;
}
