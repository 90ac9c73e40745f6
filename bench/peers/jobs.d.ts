import type { Offloaded } from 'offloop';

export const noop: Offloaded<[k: number], number>;

export const busy: Offloaded<[ms: number], number>;
