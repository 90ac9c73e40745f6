/** Sections E (what cannot travel), G and J: arguments and results. */
import { expect, it } from 'vitest';
import { move } from '../../../src/index.ts';
import { add, echo, sum, whereAmI } from '../../fixtures/jobs/basic.ts';
import { addMoney, Money, Parcel, repack, returnArguments, returnUncloneable, wasMoved } from '../../fixtures/jobs/errors.ts';
import { failure } from '../../support/virtual.ts';
import type { Subject } from './subject.ts';

export function data({ shared, processes }: Subject): void {
  it('of all cloneable kinds comes back as it went', async () => {
    const executor = shared(1);
    const cyclic: Record<string, unknown> = { a: 1 };
    cyclic['self'] = cyclic;
    const sparse = Object.assign([1], { 3: 4 });
    const values = [
      undefined,
      null,
      0,
      -0,
      NaN,
      1n,
      'text',
      true,
      new Date(5),
      /x/g,
      sparse,
      new Map([[1, { a: 2 }]]),
      new Set(['x']),
      cyclic,
    ];
    for (const value of values) expect(await executor.submit(echo, [value])).toEqual(value);
    expect(await executor.submit(echo, [new Uint8Array([1, 2])])).toEqual(new Uint8Array([1, 2]));
  });

  it('of a registered class keeps its class, both ways', async () => {
    const total = await shared(1).submit(addMoney, [new Money(1), new Money(2)]);
    expect(total).toBeInstanceOf(Money);
    expect(total.cents).toBe(3);
  });

  it.skipIf(processes)('that is moved is gone here, both ways (90)', async () => {
    const executor = shared(1);
    const [whole, nested] = [new Uint8Array([1, 2, 3]), new Uint8Array([4, 5])];
    expect(await executor.submit(sum, [move(whole)])).toBe(6);
    expect(whole.byteLength).toBe(0);
    expect(await executor.submit(echo, [{ bytes: move(nested) }])).toEqual({ bytes: new Uint8Array([4, 5]) });
    expect(nested.byteLength).toBe(0);
    expect(await executor.submit(sum, [new Uint8Array([7])])).toBe(7);
  });

  it.runIf(processes)('that is moved is copied, since nothing can be handed over to another process (90)', async () => {
    const executor = shared(1);
    const bytes = new Uint8Array([1, 2, 3]);
    expect(await executor.submit(echo, [{ bytes: move(bytes) }])).toEqual({ bytes: new Uint8Array([1, 2, 3]) });
    expect(bytes.byteLength).toBe(3);
    expect(await executor.submit(repack, [move(new Parcel(new Uint8Array([1])))])).toEqual(new Parcel(new Uint8Array([2])));
  });

  it.skipIf(processes)('that is moved inside of a registered class is gone here, both ways (91)', async () => {
    const executor = shared(1);
    const parcel = new Parcel(new Uint8Array([1, 2]));
    const answer = await executor.submit(repack, [move(parcel)]);
    expect(answer).toEqual(new Parcel(new Uint8Array([2, 3])));
    expect([parcel.bytes.byteLength, await executor.submit(wasMoved, [])]).toEqual([0, true]);
  });

  it('that cannot be cloned rejects that job alone, with its path; nothing is moved, the worker is unharmed (79)', async () => {
    const executor = shared(1);
    const before = await executor.submit(whereAmI, []);
    const bytes = new Uint8Array(4);
    const [bad, good] = [executor.submit(echo, [{ list: [move(bytes), () => 0] }]), executor.submit(add, [1, 2])];
    const error = (await failure(bad)) as Error;
    expect(error).toMatchObject({ name: 'NotCloneableError', code: 'OFFLOOP_NOT_CLONEABLE', path: 'args[0].list[1]' });
    expect(error.message).toContain('args[0].list[1] cannot be sent');
    expect([await good, bytes.byteLength]).toEqual([3, 4]);
    expect(await executor.submit(whereAmI, [])).toEqual(before);
  });

  it('that cannot be cloned is told of even when it is the first job of a worker', async () => {
    const executor = shared(1);
    expect(await failure(executor.submit(echo, [() => 0]))).toMatchObject({ path: 'args[0]' });
    expect(await executor.submit(add, [1, 2])).toBe(3);
  });

  it('that a function returns and cannot be cloned rejects with its path; the worker and the neighbours live (126)', async () => {
    const executor = shared(1);
    const before = await executor.submit(whereAmI, []);
    const jobs = [executor.submit(returnUncloneable, []), executor.submit(add, [1, 2]), executor.submit(returnArguments, [1])];
    const error = (await failure(jobs[0]!)) as Error;
    expect(error).toMatchObject({ code: 'OFFLOOP_NOT_CLONEABLE', path: 'result.list[1].handler' });
    expect(error.message).not.toBe('');
    expect(await jobs[1]).toBe(3);
    expect(await failure(jobs[2]!)).toMatchObject({ code: 'OFFLOOP_NOT_CLONEABLE', path: 'result' });
    expect(await executor.submit(whereAmI, [])).toEqual(before);
  });
}
