import { offload } from '../../src/index.ts';

export const noop = offload(import.meta, (): number => 1, { name: 'noop' });
