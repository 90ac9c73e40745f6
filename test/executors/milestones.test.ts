import { expect, it } from 'vitest';
import { Milestones } from '../../src/executors/milestones.ts';
import { encodeThrown } from '../../src/wire/error-codec.ts';
import { failure } from '../support/virtual.ts';

it('all who wait for a worker to be ready are told once', async () => {
  const milestones = new Milestones();
  const both = [milestones.whenReady(), milestones.whenReady()];
  milestones.ready();
  expect(await Promise.all(both)).toEqual([undefined, undefined]);
});

it('a goodbye resolves, or rejects with what the teardown threw', async () => {
  const milestones = new Milestones();
  const good = milestones.whenGoodbye();
  milestones.goodbye(undefined);
  expect(await good).toBeUndefined();
  const bad = failure(milestones.whenGoodbye());
  milestones.goodbye(encodeThrown(new RangeError('teardown')));
  expect(await bad).toMatchObject({ name: 'RangeError', message: 'teardown' });
});

it('when neither can come any more, everybody is told why', async () => {
  const milestones = new Milestones();
  const waiting = [failure(milestones.whenReady()), failure(milestones.whenGoodbye())];
  milestones.fail('gone');
  expect(await Promise.all(waiting)).toEqual(['gone', 'gone']);
});
