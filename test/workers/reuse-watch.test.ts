import { describe, expect, it } from 'vitest';
import { ReuseWatch } from '../../workers/reuse-watch.ts';

const sees = (...items: unknown[]): boolean[] => {
  const watch = new ReuseWatch();
  return items.map((item) => watch.sees(item));
};

describe('reuse', () => {
  it('of an object, of a view’s memory, or of memory right inside an object is seen with the second use, and from then on', () => {
    const [a, b, bytes] = [{ i: 1 }, { i: 2 }, new Uint8Array(4)];
    expect(sees(a, a, b)).toEqual([false, true, true]);
    expect(sees(a, b, a)).toEqual([false, false, true]);
    expect(sees(bytes.subarray(1), bytes.subarray(2))).toEqual([false, true]);
    expect(sees({ n: 1, bytes }, { n: 2, bytes })).toEqual([false, true]);
    expect(sees(bytes.buffer, { bytes })).toEqual([false, true]);
  });

  it('is not seen in fresh objects, primitives, or small Buffers side by side in one pool', () => {
    const shared = { schema: 'the same' };
    expect(sees({ shared }, { shared }, 1, 1, 'a', 'a', null, undefined)).not.toContain(true);
    expect(sees(Buffer.from('a'), Buffer.from('b'), Buffer.from('c'))).not.toContain(true);
  });

  it('is looked for among the first items, later from one item to the next', () => {
    const first = { i: 0 };
    const many = Array.from({ length: 300 }, (_, i) => ({ i }));
    const last = { i: 1 };
    expect(sees(first, ...many, first)).not.toContain(true);
    expect(sees(...many, last, last).at(-1)).toBe(true);
  });
});
