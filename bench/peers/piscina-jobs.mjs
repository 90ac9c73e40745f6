// The jobs of the benches of computing and moving, as piscina takes them.
import { move } from 'piscina';
import { burn } from './jobs.js';

export { burn };
export const bounce = (buffer) => move(buffer);
