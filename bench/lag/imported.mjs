/** A module that takes long to evaluate. */
const units = Number(new URL(import.meta.url).searchParams.get('units'));
const at = Date.now();
const start = performance.now();
export let sum = 0;
for (let i = 0; i < units * 1000; i++) sum += Math.sqrt(i); // @imported
export const block = { at, ms: performance.now() - start };
