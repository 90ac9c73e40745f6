/** Asking about the ambient scope. */
import { CancelScope } from './cancel-scope.ts';
import { ambient, here } from './scope.ts';
import type { Scope } from './scope.ts';

/** The public handle of any scope of the kernel; made once, on demand. */
export function publicScope(scope: Scope): CancelScope {
  return (scope.handle ??= CancelScope.over(scope)) as CancelScope;
}

/** The innermost scope this code runs in; undefined outside any `run()` or scope. */
export function currentScope(): CancelScope | undefined {
  const scope = ambient.getStore();
  return scope === undefined ? undefined : publicScope(scope);
}

/** An AbortSignal that is aborted when the ambient scope is cancelled. For one call, `withSignal` is better: it cleans up. */
export function currentSignal(): AbortSignal {
  return here().signal;
}

/** The earliest deadline that can cancel this code; Infinity = none, -Infinity = cancelled already. */
export function currentEffectiveDeadline(): number {
  let earliest = Infinity;
  for (let s: Scope | null = here(); s !== null; s = s.shielded ? null : s.parent) {
    if (s.own !== null) return -Infinity;
    earliest = Math.min(earliest, s.deadline);
  }
  return earliest;
}
