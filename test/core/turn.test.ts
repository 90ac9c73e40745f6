import { describe, expect, it } from 'vitest';
import { done, doneWith, nextTurn } from '../../src/core/turn.ts';

describe('a loop turn', () => {
  it('lets what was scheduled before run first', async () => {
    const log: string[] = [];
    setImmediate(() => log.push('before'));
    await nextTurn();
    expect(log).toEqual(['before']);
  });

  it.each([
    ['done', () => done()],
    ['doneWith', () => doneWith(7)],
  ])('is given by every 1,024th operation that does not wait (%s)', async (_name, operation) => {
    let turned = 0;
    const count = (): void => {
      turned++;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    const values = new Set<unknown>();
    for (let i = 0; i < 10 * 1_024; i++) values.add(await operation());
    clearImmediate(immediate);
    expect(turned).toBeGreaterThanOrEqual(9);
    expect(turned).toBeLessThanOrEqual(20);
    expect(values.size).toBe(1);
  });
});
