import { expect, it } from 'vitest';
import { rememberSite, siteOf } from '../../src/debug/sites.ts';
import { captureSite } from '../../src/debug/stack.ts';
import { Waiter } from '../../src/core/waiter.ts';

it('the first site of a wait counts, later ones are not even captured', () => {
  const waiter = new Waiter<unknown, void>(undefined);
  expect(siteOf(waiter)).toBeUndefined();
  const first = rememberSite(waiter, () => captureSite(3));
  expect(rememberSite(waiter, () => expect.fail('captured again'))).toBe(first);
  expect(siteOf(waiter)).toBe(first);
});
