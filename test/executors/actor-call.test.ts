import { expect, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { Call, requestOf } from '../../src/executors/actor-call.ts';
import { markCallback } from '../../src/wire/callback-mark.ts';
import { registerClass } from '../../src/wire/class-registry.ts';

class Point {
  x = 1;
}
registerClass('actor-call.Point', Point);
const noNumber = (): never => {
  throw new Error('no callback here');
};
const question = { op: 'call', name: 'add', what: 'add', below: requestOf } as const;

it('is a request without arguments, or with encoded ones, callbacks taken out', () => {
  expect(requestOf(1, { ...question, op: 'get' }, noNumber)).toEqual(['get', 1, null, false, 'add', []]);
  expect(requestOf(2, { ...question, args: [1, 'a'] }, noNumber)).toEqual(['call', 2, [1, 'a'], false, 'add', []]);
  const [, , args, coded, , places] = requestOf(3, { ...question, args: [new Point(), markCallback(() => 1)] }, () => 9);
  expect([coded, places, JSON.stringify(args)]).toEqual([true, [[9, '1']], '[{"offloop:class":"actor-call.Point","data":{"x":1}},null]']);
});

it('says what it waits for, and hands a cancellation on', () => {
  const cancelled: unknown[] = [];
  const call = new Call(4, 'Db', question, (...args) => cancelled.push(...args));
  const error = new CancelledError();
  call.onCancel(error);
  expect([call.waitingOn, call.target, cancelled]).toEqual(['Db.add()', 4, [call, error]]);
  expect(new Call(5, 'Db', { ...question, target: 2 }, () => {}).target).toBe(2);
});
