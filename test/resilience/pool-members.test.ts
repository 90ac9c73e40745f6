import { expect, it } from 'vitest';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { PoolMembers } from '../../src/resilience/pool-members.ts';

it('counts each member where it stands, from its creation to its end', () => {
  const members = new PoolMembers<string>();
  const scopes = [new CancelScope(), new CancelScope()] as const;
  const [a, b] = [members.add(scopes[0]), members.add(scopes[1])];
  expect([members.size, members.lasting, members.count('creating'), members.underWay]).toEqual([2, 2, 2, [...scopes]]);
  members.move(a, { is: 'validating', scope: scopes[1] });
  expect(members.underWay).toEqual([scopes[1], scopes[1]]);
  members.move(a, { is: 'borrowed' });
  members.move(b, { is: 'destroying' });
  expect([members.size, members.lasting, members.count('creating'), members.count('borrowed'), members.underWay]).toEqual([2, 1, 0, 1, []]);
  members.remove(b);
  members.remove(a);
  expect([members.size, members.count('borrowed'), members.count('destroying')]).toEqual([0, 0, 0]);
});

it('the idle stand in the order in which they came back', () => {
  const members = new PoolMembers<string>();
  const [a, b, c] = ['a', 'b', 'c'].map((resource) => Object.assign(members.add(new CancelScope()), { resource }));
  for (const m of [a, b, c]) members.move(m as never, { is: 'idle', since: 0 });
  expect([members.newestIdle?.resource, members.oldestIdle?.resource]).toEqual(['c', 'a']);
  members.move(a as never, { is: 'destroying' });
  members.move(c as never, { is: 'borrowed' });
  expect([members.newestIdle?.resource, members.oldestIdle?.resource, members.count('idle')]).toEqual(['b', 'b', 1]);
  members.remove(b as never);
  expect([members.newestIdle, members.oldestIdle]).toEqual([undefined, undefined]);
});
