// The jobs of the benches of computing, moving and killing, as piscina takes them.
import { move } from 'piscina';
import { burn } from './jobs.js';

export { burn };
export const noop = (k) => k;
export const bounce = (buffer) => move(buffer);
export const spin = () => {
  for (;;);
};
