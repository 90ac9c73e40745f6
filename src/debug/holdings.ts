/** Who holds which lock, permit or token, and since where. Noted in debug mode, from the moment it is turned on. */
import type { Scope } from '../core/scope.ts';
import { caller, heir } from '../sync/guard.ts';
import type { Site } from './stack.ts';

export interface Holding {
  readonly resource: object;
  /** `Lock`, `Semaphore`, `CapacityLimiter`. */
  readonly what: string;
  /** Usually a strand; a borrower in whose name a token was taken may be anything. */
  readonly holder: unknown;
  readonly site: Site;
}

const holdings = new Map<object, Holding[]>();
/** A semaphore that is released by others than its holders is a signal, not a lock. */
const signals = new WeakSet<object>();

export function took(holding: Holding): void {
  const { resource } = holding;
  if (signals.has(resource)) return;
  const others = holdings.get(resource);
  if (others === undefined) holdings.set(resource, [holding]);
  else others.push(holding);
}

export function gave(resource: object, holder: unknown): void {
  const known = holdings.get(resource);
  if (known === undefined) return;
  const by = holder ?? caller();
  const i = known.findIndex((h) => h.holder === by || strandOf(h) === by);
  if (i >= 0) known.splice(i, 1);
  else if (holder === undefined) signals.add(resource);
  if (known.length === 0 || signals.has(resource)) holdings.delete(resource);
}

/** Null for a borrower that we cannot ask what it waits for. */
export function strandOf({ holder }: Holding): Scope | null {
  return (holder as Partial<Scope> | null | undefined)?.isScope === true ? heir(holder as Scope) : null;
}

export function holdersOf(resource: object): readonly Holding[] {
  return holdings.get(resource) ?? [];
}

export function heldBy(strand: Scope): Holding[] {
  return [...holdings.values()].flatMap((all) => all.filter((h) => strandOf(h) === strand));
}

export function nothingIsHeld(): boolean {
  return holdings.size === 0;
}

export function forgetHoldings(): void {
  holdings.clear();
}
