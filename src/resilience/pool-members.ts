/** What belongs to a pool, from the beginning of its creation to the end of its destruction: all of it counts against `max`. */
import type { CancelScope } from '../core/cancel-scope.ts';

export type Standing =
  | { readonly is: 'creating'; readonly scope: CancelScope }
  | { readonly is: 'idle'; readonly since: number }
  | { readonly is: 'validating'; readonly scope: CancelScope }
  | { readonly is: 'borrowed' }
  | { readonly is: 'destroying' };

export interface Member<R> {
  standing: Standing;
  /** Meaningless while it is being created. */
  resource: R;
  bornAt: number;
}

export class PoolMembers<R> {
  readonly #all = new Set<Member<R>>();
  readonly #count: Record<Standing['is'], number> = { creating: 0, idle: 0, validating: 0, borrowed: 0, destroying: 0 };
  /** In order of coming back: the last is used next, so that what the load does not need grows old at the other end. */
  readonly #idle: Member<R>[] = [];

  get size(): number {
    return this.#all.size;
  }

  count(is: Standing['is']): number {
    return this.#count[is];
  }

  /** Those that stay, if nothing happens. */
  get lasting(): number {
    return this.#all.size - this.#count.destroying;
  }

  add(scope: CancelScope): Member<R> {
    const member: Member<R> = { standing: { is: 'creating', scope }, resource: undefined as R, bornAt: 0 };
    this.#all.add(member);
    this.#count.creating++;
    return member;
  }

  move(member: Member<R>, standing: Standing): void {
    this.#leave(member);
    member.standing = standing;
    this.#count[standing.is]++;
    if (standing.is === 'idle') this.#idle.push(member);
  }

  remove(member: Member<R>): void {
    this.#leave(member);
    this.#all.delete(member);
  }

  #leave(member: Member<R>): void {
    this.#count[member.standing.is]--;
    if (member.standing.is !== 'idle') return;
    const at = this.#idle.lastIndexOf(member);
    this.#idle.splice(at, 1);
  }

  get newestIdle(): Member<R> | undefined {
    return this.#idle.at(-1);
  }

  get oldestIdle(): Member<R> | undefined {
    return this.#idle[0];
  }

  /** The scopes of all that are being created or validated. */
  get underWay(): CancelScope[] {
    return [...this.#all].flatMap(({ standing }) => ('scope' in standing ? [standing.scope] : []));
  }
}
