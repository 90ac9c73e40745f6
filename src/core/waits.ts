/**
 * What a task waits for, read off the scope tree: whatever is parked in one of its scopes. Works without debug mode, because
 * parking is linking.
 */
import type { Scope, ScopeMember } from './scope.ts';
import type { TaskCore } from './task.ts';

/** A waiter, or a scope whose group is being joined. */
export type Wait = ScopeMember;

const SHOWN = 5;

/** Waits in `root` and the scopes inside it, except those of other tasks and where `enters` says no. */
export function* waitsIn(root: Scope, enters: (inner: Scope) => boolean = () => true): Generator<Wait, void, void> {
  const rest: Scope[] = [root];
  for (let scope = rest.pop(); scope !== undefined; scope = rest.pop()) {
    if (scope.joining !== null) yield scope;
    const inner: Scope[] = [];
    for (let m = scope.first; m !== null; m = m.after) {
      if (!m.isScope) {
        if (m.waitingOn !== null) yield m;
      } else if ((m as Scope).task === root.task && m !== (m as Scope).task && enters(m as Scope)) inner.push(m as Scope);
    }
    rest.push(...inner.reverse());
  }
}

export function describeWait(wait: Wait): string {
  return wait.isScope ? `task group ${JSON.stringify((wait as Scope).joining)}` : (wait.waitingOn as string);
}

/** In one line: `Queue.get`; several calls under way (gather, map) are listed once each. Null: it does not wait in offloop. */
export function waitingOn(task: TaskCore): string | null {
  const names = new Set<string>();
  for (const wait of waitsIn(task)) names.add(describeWait(wait));
  const shown = [...names].slice(0, SHOWN).join(', ');
  if (names.size === 0) return null;
  return names.size > SHOWN ? `${shown} and ${names.size - SHOWN} more` : shown;
}
