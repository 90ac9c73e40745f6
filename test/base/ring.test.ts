import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Ring } from '../../src/base/ring.ts';

it('first in, first out, while it grows and shrinks', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof({ weight: 6, arbitrary: fc.integer() }, { weight: 4, arbitrary: fc.constant('shift') }, { weight: 1, arbitrary: fc.constant('clear') }), { maxLength: 400 }), (steps) => {
      const ring = new Ring<number>();
      let model: number[] = [];
      for (const step of steps) {
        if (step === 'clear') {
          ring.clear();
          model = [];
        } else if (typeof step === 'number') {
          ring.push(step);
          model.push(step);
        } else if (model.length > 0) expect(ring.shift()).toBe(model.shift());
        expect(ring.size).toBe(model.length);
      }
    }),
  ); // prettier-ignore
});

it('keeps order across growth at every position of its head', () => {
  for (let offset = 0; offset < 16; offset++) {
    const ring = new Ring<number>();
    for (let i = 0; i < offset; i++) {
      ring.push(-1);
      ring.shift();
    }
    for (let i = 0; i < 100; i++) ring.push(i);
    for (let i = 0; i < 100; i++) expect(ring.shift()).toBe(i);
  }
});

it('does not keep what was taken out alive', async () => {
  const ring = new Ring<object>();
  let item: object | null = { big: 1 };
  const ref = new WeakRef(item);
  ring.push(item);
  ring.push({});
  ring.shift();
  item = null;
  const { gc } = globalThis;
  if (gc === undefined) return;
  await new Promise((r) => setImmediate(r));
  gc();
  expect(ref.deref()).toBeUndefined();
});

it('gives up its room once a large one is empty', () => {
  const ring = new Ring<number>();
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 5_000; i++) ring.push(i);
    for (let i = 0; i < 5_000; i++) expect(ring.shift()).toBe(i);
    expect(ring.size).toBe(0);
  }
});
