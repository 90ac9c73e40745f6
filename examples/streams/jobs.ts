import { AsyncLocalStorage } from 'node:async_hooks';
import { carryContext, offload } from 'offloop';

/** Parses and filters off the loop; the rows come here while it goes on. */
export const rows = offload(import.meta, function* (csv: string) {
  const [head = '', ...lines] = csv.split('\n');
  const names = head.split(',');
  try {
    for (const line of lines) yield Object.fromEntries(line.split(',').map((cell, i) => [names[i], cell]));
  } finally {
    console.log('the worker has cleaned up');
  }
});

export const index = offload(import.meta, async (words: string[], isKnown: (word: string) => Promise<boolean> | boolean) => {
  const fresh: string[] = [];
  for (const word of words) if (!(await isKnown(word))) fresh.push(word);
  return fresh;
});

export const request = new AsyncLocalStorage<string>();
carryContext('request', request);
export const handle = offload(import.meta, (what: string) => `${what} for ${request.getStore()}`);
