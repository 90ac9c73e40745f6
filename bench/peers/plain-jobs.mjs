// The jobs of the bench of beginnings and ends, for a worker that is to load nothing else.
export const noop = (k) => k;
export const spin = () => {
  for (;;);
};
