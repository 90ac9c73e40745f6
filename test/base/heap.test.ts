import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MinHeap } from '../../src/base/heap.ts';

it('gives out the smallest first, whatever is pushed in between', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer()), { maxLength: 200 }), (steps) => {
      const heap = new MinHeap();
      const model: number[] = [];
      for (const n of steps) {
        if (n === null) expect(heap.pop()).toBe(model.shift());
        else {
          heap.push(n);
          model.push(n);
          model.sort((a, b) => a - b);
        }
        expect(heap.min).toBe(model[0]);
      }
    }),
  );
});
