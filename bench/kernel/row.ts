/** What the rows of the kernel benchmark are made of. */
import { run, timeout } from 'offloop';
import type { Contestant, Scenario } from '../harness.ts';

export interface Row {
  /** The row of asyncio that does the same. */
  readonly key?: 'uncontended' | 'contended' | 'queue' | 'spawn' | 'map' | 'cancel' | 'timeout';
  readonly scenario: Scenario;
  /** What the ratios are to. Default: the hand-written minimum. */
  readonly reference?: string;
  readonly contestants: readonly Contestant[];
}

export const contestant = (name: string, work: (n: number) => Promise<unknown>): Contestant => ({
  name,
  run: async (n) => {
    const counted = await work(n);
    return typeof counted === 'number' ? counted : undefined;
  },
  close: () => Promise.resolve(),
});
/** offloop's rows run inside a run() with a scope, as a program would. */
export const inRun = (work: (n: number) => Promise<unknown>): Contestant =>
  contestant('offloop', (n) => run(() => timeout(60_000, () => work(n)), { signals: false }));

export const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
