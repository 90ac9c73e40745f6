import type { Offloaded } from 'offloop';

export const noop: Offloaded<[k: number], number>;

export function burn(turns: number): number;

export const burnAway: Offloaded<[turns: number], number>;

export const bounce: Offloaded<[buffer: ArrayBuffer], ArrayBuffer>;

export const spin: Offloaded<[], never>;

export const busy: Offloaded<[ms: number], number>;
