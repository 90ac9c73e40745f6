// Small rows, by a generator; plain JavaScript, so that all contestants load the same file.
import { offload } from 'offloop';

export function* rows(n) {
  for (let i = 0; i < n; i++) yield { id: i, name: 'row', ok: true };
}

export const offloaded = offload(import.meta, rows);
