/** Remembered places, for as long as what was made there lives. */
import type { ScopeMember } from '../core/scope.ts';
import type { Site } from './stack.ts';

const sites = new WeakMap<ScopeMember, Site>();

/** Where a task or scope was made, or a wait has begun. Known in debug mode only. */
export function siteOf(member: ScopeMember): Site | undefined {
  return sites.get(member);
}

/** The first site counts: a wait that moves to another scope was not begun there. */
export function rememberSite(member: ScopeMember, capture: () => Site): Site {
  let site = sites.get(member);
  if (site === undefined) sites.set(member, (site = capture()));
  return site;
}
