/** Calls that were made and not awaited: something waits in a scope, and the scope ends. */
import type { Scope, ScopeMember } from '../core/scope.ts';
import { siteOf } from './sites.ts';
import { calledIn, textOf } from './stack.ts';
import { describeWait, waitsIn } from '../core/waits.ts';

const reported = new WeakSet<ScopeMember>(); // what is left behind moves up, to be left behind again

/** Tells of each call that `scope` leaves behind. A task is no such call: its handle may be kept on purpose. */
export function reportFloating(scope: Scope): void {
  for (let m = scope.first; m !== null; m = m.after) {
    const wait = waitOf(m);
    if (wait === null || reported.has(m)) continue;
    reported.add(m);
    report(scope, m, wait);
  }
}

/** What a call waits for: it is a waiter itself, or a scope (gather, timeout) with one inside. */
function waitOf(m: ScopeMember): ScopeMember | null {
  if (!m.isScope) return m.waitingOn === null ? null : m;
  if ((m as Scope).task === m) return null;
  const [first] = waitsIn(m as Scope);
  return first ?? null;
}

function report(scope: Scope, call: ScopeMember, wait: ScopeMember): void {
  const site = siteOf(call);
  const on = describeWait(wait);
  const name = (site && calledIn(site)) ?? on;
  scope.runtime.report({
    message: `${name} was never awaited: it still waits${name === on ? '' : ` for ${on}`}, though the scope it was called in has ended`,
    ...(scope.task === null ? {} : { task: scope.task }),
    ...(site === undefined ? {} : { createdAt: textOf(site) }),
  });
}
