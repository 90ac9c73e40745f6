/**
 * Whether a value is certain to be cloneable, by a cheap look. False means "perhaps not": the caller then finds out by
 * cloning. Bounded, because for a large value the look would cost more than it saves.
 */
import { types } from 'node:util';

const MAX_NODES = 64;

export function isPlainData(value: unknown): boolean {
  if (isPrimitive(value)) return true;
  return new Look().plain(value, 0);
}

function isPrimitive(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol');
}

class Look {
  #left = MAX_NODES;

  plain(value: unknown, depth: number): boolean {
    if (isPrimitive(value)) return true;
    if (typeof value !== 'object' || depth > 8 || --this.#left < 0 || types.isProxy(value)) return false;
    const proto: unknown = Object.getPrototypeOf(value);
    if (proto === Object.prototype) return this.#plainObject(value as object, depth);
    if (proto === Array.prototype) return (value as unknown[]).length <= this.#left && this.#plainArray(value as unknown[], depth);
    return false;
  }

  #plainArray(array: unknown[], depth: number): boolean {
    for (const item of array) if (!this.plain(item, depth + 1)) return false;
    return true;
  }

  /** An accessor may give something else when it is read again for the clone. */
  #plainObject(object: object, depth: number): boolean {
    for (const key of Object.keys(object)) {
      const property = Object.getOwnPropertyDescriptor(object, key);
      if (property === undefined || !('value' in property) || !this.plain(property.value, depth + 1)) return false;
    }
    return true;
  }
}
