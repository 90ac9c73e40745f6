import { offload } from 'offloop';

export const noop = offload(import.meta, (): number => 1, { name: 'noop' });
