// The work of every contestant: as little as possible, so that what is measured is the way there and back.
import { offload } from 'offloop';

export const noop = offload(import.meta, (k) => k);
