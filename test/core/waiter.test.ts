import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { Runtime } from '../../src/core/runtime.ts';
import { ambient, Scope } from '../../src/core/scope.ts';
import { parkIn, WaitQueue } from '../../src/core/waiter.ts';
import { failure } from '../support/virtual.ts';

const scope = (): Scope => new Scope(null, new Runtime());
const reason = (): CancelledError => new CancelledError();

describe('a wait queue', () => {
  it('lets go of whoever waits longest, and hands it a value or an error', async () => {
    const queue = new WaitQueue<string, string>();
    const s = scope();
    const waits = ['a', 'b', 'c'].map((carried) => queue.park(s, carried));
    expect(queue.size).toBe(3);
    const [a, b] = [queue.shift()!, queue.shift()!];
    expect([a.carried, b.carried, queue.size]).toEqual(['a', 'b', 1]);
    a.grant('value');
    b.refuse(new Error('refused'));
    expect(await waits[0]).toBe('value');
    expect(await failure(waits[1]!)).toMatchObject({ message: 'refused' });
    queue.shift()?.grant('last');
    expect([queue.shift(), queue.size, s.first]).toEqual([null, 0, null]);
    expect(await waits[2]).toBe('last');
  });

  it('forgets whoever was cancelled, at the head, in the middle and at the end', async () => {
    const queue = new WaitQueue<number, number>();
    const scopes = [0, 1, 2, 3, 4].map(() => scope());
    const waits = scopes.map((s, i) => queue.park(s, i));
    const errors = [0, 2, 4].map((i) => failure(waits[i]!));
    for (const i of [0, 2, 4]) scopes[i]!.cancelWith(reason());
    expect(await Promise.all(errors)).toEqual([scopes[0]!.own, scopes[2]!.own, scopes[4]!.own]);
    expect(queue.size).toBe(2);
    expect([queue.shift()?.carried, queue.shift()?.carried, queue.shift()]).toEqual([1, 3, null]);
  });

  it('a waiter that was taken out can no longer be cancelled: a grant is never taken back', async () => {
    const queue = new WaitQueue<string, void>();
    const s = scope();
    const wait = queue.park(s, undefined);
    queue.shift()!.grant('granted');
    s.cancelWith(reason());
    expect(await wait).toBe('granted');
  });

  it('removing a waiter that is in no queue, or in another one, changes nothing', () => {
    const [a, b] = [new WaitQueue<void, void>(), new WaitQueue<void, void>()];
    void a.park(scope(), undefined);
    const waiter = a.shift()!;
    a.remove(waiter);
    b.push(waiter);
    a.remove(waiter);
    expect([a.size, b.size]).toEqual([0, 1]);
  });

  it('in a cancelled scope is never entered', async () => {
    const queue = new WaitQueue<void, void>();
    const s = scope();
    s.cancelWith(reason());
    expect(await failure(() => ambient.run(s, () => parkIn(queue, undefined)))).toBe(s.own);
    expect(queue.size).toBe(0);
    void ambient.run(scope(), () => parkIn(queue, undefined));
    expect(queue.size).toBe(1);
  });

  it('stays first in, first out for the living, whatever parks, is granted and is cancelled', () => {
    const step = fc.oneof(fc.constant('park'), fc.constant('grant'), fc.nat({ max: 20 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new WaitQueue<void, number>();
        let model: { id: number; scope: Scope }[] = [];
        let next = 0;
        for (const s of steps) {
          if (s === 'park') {
            const entry = { id: next++, scope: scope() };
            queue.park(entry.scope, entry.id).catch(() => {});
            model.push(entry);
          } else if (s === 'grant') {
            expect(queue.first?.carried).toBe(model[0]?.id);
            const waiter = queue.shift();
            expect(waiter?.carried).toBe(model.shift()?.id);
            waiter?.grant();
          } else if (typeof s === 'number' && model.length > 0) {
            const victim = model[s % model.length]!;
            victim.scope.cancelWith(reason());
            model = model.filter((m) => m !== victim);
          }
          expect(queue.size).toBe(model.length);
        }
      }),
    );
  });
});
