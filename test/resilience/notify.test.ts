import { expect, it } from 'vitest';
import { notify } from '../../src/resilience/notify.ts';
import { turns, virtually } from '../support/virtual.ts';

it('hands the arguments on', () => {
  const heard: unknown[] = [];
  notify((...args: unknown[]) => void heard.push(...args), 1, 'two');
  expect(heard).toEqual([1, 'two']);
});

it('what an observer throws, or an async one rejects with, goes to the exception handler under its name', () =>
  virtually(async ({ reports }) => {
    notify(function logger() {
      throw new Error('a');
    });
    notify((async () => Promise.reject(new Error('b'))) as () => void);
    await turns(2);
    expect(reports.map((r) => [r.message, (r.error as Error).message])).toEqual([
      ['Exception in callback logger', 'a'],
      ['Exception in callback <anonymous>', 'b'],
    ]);
  }));
