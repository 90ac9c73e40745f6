import { describe, expect, it } from 'vitest';
import { TurnBudget } from '../../src/executors/turn-budget.ts';
import { blockLoop } from '../../src/testing/block-loop.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('TurnBudget', () => {
  it('is never exceeded by few jobs, however long they take', () => {
    const budget = new TurnBudget();
    budget.spend(100);
    blockLoop(8);
    expect(budget.exceeded(() => {})).toBe(false);
  });

  it('is exceeded when many jobs take long in one turn; in the next turn there is a new one, and who waited is told', async () => {
    const budget = new TurnBudget();
    let told = 0;
    budget.spend(200);
    expect(budget.exceeded(() => {})).toBe(false);
    blockLoop(8);
    expect([budget.exceeded(() => told++), budget.exceeded(() => told++)]).toEqual([true, true]);
    await turn();
    await turn();
    expect([told, budget.exceeded(() => {})]).toEqual([1, false]);
  });

  it('counts jobs of one turn only', async () => {
    const budget = new TurnBudget();
    budget.spend(200);
    await turn();
    await turn();
    budget.spend(100);
    blockLoop(8);
    expect(budget.exceeded(() => {})).toBe(false);
  });
});
