import { describe, expect, test } from 'vitest';
import { isThenable, joined } from '../../src/core/thenable.ts';

describe('what can be awaited', () => {
  const callable = Object.assign(() => {}, { then: () => {} });
  test.each([[Promise.resolve()], [{ then: () => {} }], [callable]])('%o is a thenable', (value) => {
    expect(isThenable(value)).toBe(true);
  });
  test.each([[null], [undefined], ['then'], [{ then: 1 }], [() => {}]])('%o is none', (value) => {
    expect(isThenable(value)).toBe(false);
  });
});

test("a thenable is asked in the very call, and its outcome is the promise's", async () => {
  let asked = false;
  const thenable = {
    then(resolve: (n: number) => void): void {
      asked = true;
      resolve(7);
    },
  } as PromiseLike<number>;
  const promise = joined(thenable);
  expect(asked).toBe(true);
  await expect(promise).resolves.toBe(7);
});

test('a thenable that refuses makes the promise reject', async () => {
  const broken = { then: (_: unknown, reject: (e: unknown) => void) => reject(new RangeError('no')) } as unknown as PromiseLike<number>;
  await expect(joined(broken)).rejects.toThrow(RangeError);
});
