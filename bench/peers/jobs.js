// The work of every contestant: as little as possible, so that what is measured is the way there and back.
import { offload } from 'offloop';

export const noop = offload(import.meta, (k) => k);

/** Keeps its thread busy for so many milliseconds. */
export const busy = offload(import.meta, (ms) => {
  for (const end = performance.now() + ms; performance.now() < end;);
  return ms;
});
