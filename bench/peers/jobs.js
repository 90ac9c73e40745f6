// The work of every contestant: as little as possible, so that what is measured is the way there and back.
import { move, offload } from 'offloop';

export const noop = offload(import.meta, (k) => k);

/** So much work, however fast the machine: a thread that does not run does not get on with it. */
export function burn(turns) {
  let x = 1;
  for (let i = 0; i < turns; i++) x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
  return x;
}
export const burnAway = offload(import.meta, burn, { name: 'burnAway' });

/** Gives back what it got, without a copy. */
export const bounce = offload(import.meta, (buffer) => move(buffer), { name: 'bounce' });

/** Never ends, and hears nothing. */
export const spin = offload(
  import.meta,
  () => {
    for (;;);
  },
  { name: 'spin' },
);

/** Keeps its thread busy for so many milliseconds. */
export const busy = offload(import.meta, (ms) => {
  for (const end = performance.now() + ms; performance.now() < end;);
  return ms;
});
