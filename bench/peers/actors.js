import { actor } from 'offloop';

export const Noop = actor(
  import.meta,
  class Noop {
    noop(k) {
      return k;
    }
    async *rows(n) {
      for (let k = 0; k < n; k++) yield k;
    }
  },
);
