/**
 * Tasks that wait for each other, because they took locks in different orders: found in the moment in which the last of them
 * begins to wait.
 *
 * A strand (a task, or a lane of a gather or map) is stuck when everything it waits for is stuck: a lock whose holder is, a
 * semaphore or limiter all of whose holders are, a task that is, a group one of whose children is. A strand that waits for
 * anything else, or does not wait, may go on and release what it holds. The greatest set of stuck strands is found by taking
 * all that can be reached from the newcomer and striking out, until nothing changes, whoever may go on.
 */
import { Joiner } from '../core/task.ts';
import type { TaskCore } from '../core/task.ts';
import type { Scope } from '../core/scope.ts';
import { Waiter } from '../core/waiter.ts';
import { heldBy, holdersOf, nothingIsHeld, strandOf } from './holdings.ts';
import { siteOf } from './sites.ts';
import { placeOf } from './stack.ts';
import type { Site } from './stack.ts';
import { describeWait, waitsIn } from '../core/waits.ts';
import type { Wait } from '../core/waits.ts';

/** One thing a strand waits for, and who must act before it comes. */
interface Need {
  readonly wait: Wait;
  readonly on: readonly Scope[];
  /** One of `on` being stuck is enough. */
  readonly all: boolean;
}

/** Reports a deadlock that `strand`, which has just begun to wait, closes. */
export function findDeadlock(strand: Scope): void {
  if (nothingIsHeld()) return;
  const needs = reach(strand);
  strikeOut(needs);
  if (!needs.has(strand)) return;
  const cycle = findCycle(strand, needs);
  if (cycle !== null && involvesHolding(cycle)) report(cycle);
}

function reach(from: Scope): Map<Scope, readonly Need[]> {
  const needs = new Map<Scope, readonly Need[]>();
  const rest = [from];
  for (let strand = rest.pop(); strand !== undefined; strand = rest.pop()) {
    if (needs.has(strand)) continue;
    const own = needsOf(strand);
    needs.set(strand, own);
    rest.push(...own.flatMap(({ on }) => on));
  }
  return needs;
}

/** A task waits for the lanes inside it as well; a lane only for itself. */
function needsOf(strand: Scope): Need[] {
  const isTask = strand.task === strand;
  return [...waitsIn(strand, (inner) => isTask || inner.strand === strand)].map(needOf);
}

function needOf(wait: Wait): Need {
  if (wait.isScope) return { wait, on: childrenOf(wait as Scope), all: true };
  if (wait instanceof Joiner) return { wait, on: [wait.carried], all: true };
  const at = wait instanceof Waiter ? wait.queue?.at : null;
  const holders = at === null || at === undefined ? [] : holdersOf(at).map(strandOf);
  return { wait, on: holders.includes(null) ? [] : (holders as Scope[]), all: false };
}

function childrenOf(group: Scope): TaskCore[] {
  const children: TaskCore[] = [];
  for (let m = group.first; m !== null; m = m.after) if (m.isScope && (m as Scope).task === m) children.push(m as TaskCore);
  return children;
}

function strikeOut(needs: Map<Scope, readonly Need[]>): void {
  const isStuck = ({ on, all }: Need): boolean => on.length > 0 && (all ? on.some((s) => needs.has(s)) : on.every((s) => needs.has(s)));
  for (let before = -1; before !== needs.size;) {
    before = needs.size;
    for (const [strand, own] of needs) if (own.length === 0 || !own.every(isStuck)) needs.delete(strand);
  }
}

interface Link {
  readonly strand: Scope;
  readonly wait: Wait;
}

/** The shortest way from the newcomer back to itself. Others may be stuck behind it; they were told of before. */
function findCycle(start: Scope, needs: ReadonlyMap<Scope, readonly Need[]>): Link[] | null {
  const ways: Link[][] = [[]];
  const seen = new Set<Scope>();
  for (const way of ways) {
    const strand = way.length === 0 ? start : (way[way.length - 1] as Link & { to: Scope }).to;
    for (const { wait, on } of needs.get(strand) ?? []) {
      for (const to of on) {
        const link = { strand, wait, to };
        if (to === start) return [...way, link];
        if (needs.has(to) && !seen.has(to)) ways.push([...way, link]);
        seen.add(to);
      }
    }
  }
  return null;
}

/** Tasks that only await each other are a matter of the call graph; one that waits for its own permit may use it as a signal. */
function involvesHolding(cycle: readonly Link[]): boolean {
  const holds = cycle.filter(({ wait }) => wait instanceof Waiter && !(wait instanceof Joiner));
  return holds.length > 0 && (cycle.length > 1 || !isSemaphore(cycle[0] as Link));
}

function isSemaphore({ wait }: Link): boolean {
  const at = (wait as Waiter).queue?.at;
  return at !== null && at !== undefined && holdersOf(at)[0]?.what === 'Semaphore';
}

function report(cycle: readonly Link[]): void {
  const names = new Map<object, string>();
  const lines = cycle.map((link) => `  ${sentence(link, names)}`);
  const { strand } = cycle[0] as Link;
  const who = cycle.length === 1 ? 'a task waits for itself' : `${cycle.length} tasks wait for each other`;
  strand.runtime.report({ message: `Deadlock: ${who}\n${lines.join('\n')}` });
}

/** Locks have no names: they are numbered in the order in which the report mentions them. */
function sentence({ strand, wait }: Link, names: Map<object, string>): string {
  const nameOf = (resource: object, what: string): string => {
    const name = names.get(resource) ?? `${what} #${names.size + 1}`;
    names.set(resource, name);
    return name;
  };
  const held = heldBy(strand).map(({ resource, what, site }) => `${nameOf(resource, what)} (taken${at(site)})`);
  const resource = wait instanceof Waiter ? wait.queue?.at : null;
  const [holding] = resource === null || resource === undefined ? [] : holdersOf(resource);
  const wanted = holding === undefined ? describeWait(wait) : nameOf(holding.resource, holding.what);
  const made = strand.task === null ? '' : at(siteOf(strand.task), ', created');
  return `task ${JSON.stringify(strand.task?.name ?? 'outside tasks')}${made}, holds ${held.join(' and ') || 'nothing'} and waits for ${wanted}${at(siteOf(wait))}`;
}

function at(site: Site | null | undefined, prefix: string = ''): string {
  const place = site === null || site === undefined ? undefined : placeOf(site);
  return place === undefined ? '' : `${prefix} at ${place}`;
}
