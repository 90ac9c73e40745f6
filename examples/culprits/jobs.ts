import { scryptSync } from 'node:crypto';

/** Cuts blanks off the end. Quadratic: from each blank on, V8 looks again whether nothing but blanks follow. */
export function tidy(comment: string): string {
  return comment.replace(/\s+$/, '');
}

const basket = Array.from({ length: 100 }, (_, i) => ({ item: `tea ${i}`, price: 1.5 * i }));
const orders = Array.from({ length: 20_000 }, (_, id) => ({ id, basket }));

/** Was fast when the shop was small. */
export function exportOrders(): string {
  return JSON.stringify(orders);
}

/** As slow as it must be, in the wrong place. */
export function hashPassword(password: string): string {
  return scryptSync(password, 'salt', 32, { N: 2 ** 17, maxmem: 2 ** 28 }).toString('hex');
}
