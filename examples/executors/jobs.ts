import { offload } from 'offloop';
import { progress } from 'offloop/worker';

/** Burns CPU for so many milliseconds, and tells how far it is. */
export const work = offload(import.meta, (name: string, ms: number) => {
  const start = performance.now();
  for (let told = 0; performance.now() < start + ms;) {
    const done = Math.floor(((performance.now() - start) / ms) * 4) / 4;
    if (done > told) progress((told = done));
  }
  return name;
});

let opened = 0;
/** Runs once in each worker, before its first job. */
export const open = offload(import.meta, () => void opened++, { name: 'open' });
export const howOften = offload(import.meta, () => opened, { name: 'how often' });
