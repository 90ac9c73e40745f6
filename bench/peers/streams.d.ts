import type { OffloadedStream } from 'offloop';

export interface Row {
  id: number;
  name: string;
  ok: boolean;
}
export function rows(n: number): Generator<Row>;
export const offloaded: OffloadedStream<[number], Row>;
