/**
 * Functions that are called back instead of copied. Marked ones are taken out of the arguments before these are cloned; a list
 * of places says where the other side puts its stand-ins, so no data can be mistaken for one.
 */
import { types } from 'node:util';
import { isContainer } from './class-registry.ts';

type AnyFunction = (...args: never[]) => unknown;

/** Shared by all copies of the package: a callback may be made by one and passed on by another. Programs without callbacks pay nothing. */
const key: unique symbol = Symbol.for('offloop.callbacks.v1') as never;
const known = ((globalThis as { [key]?: { marked: WeakSet<object>; used: boolean } })[key] ??= { marked: new WeakSet(), used: false });

export function markCallback<F extends AnyFunction>(fn: F): F {
  known.marked.add(fn);
  known.used = true;
  return fn;
}

/** Whether anything was ever marked: arguments need not be searched before. */
export function anyCallbacks(): boolean {
  return known.used;
}

export function isCallback(value: unknown): value is AnyFunction {
  return typeof value === 'function' && known.marked.has(value);
}

/** The number of a callback, and the keys that lead to it from the list of arguments. */
export type CallbackPlace = readonly [callback: number, ...path: (string | number)[]];

export interface WithoutCallbacks {
  readonly values: readonly unknown[];
  readonly places: readonly CallbackPlace[];
}

/** Direct arguments, and parts of plain objects and arrays. The user's objects are left as they are: what leads to one is copied. */
export function takeCallbacks(values: readonly unknown[], numberOf: (fn: AnyFunction) => number): WithoutCallbacks {
  const places: CallbackPlace[] = [];
  if (!known.used) return { values, places };
  const seen = new Set<unknown>();
  const take = (value: unknown, path: (string | number)[]): unknown => {
    if (isCallback(value)) return void places.push([numberOf(value), ...path]);
    if (!isContainer(value) || types.isMap(value) || types.isSet(value) || seen.has(value)) return value;
    seen.add(value);
    const source = value as Record<string | number, unknown>;
    let copy: Record<string | number, unknown> | null = null;
    for (const k of Object.keys(source)) {
      const part = take(source[k], [...path, k]);
      if (part !== source[k]) (copy ??= (Array.isArray(value) ? [...(value as unknown[])] : { ...source }) as never)[k] = part;
    }
    return copy ?? value;
  };
  return { values: take(values, []) as readonly unknown[], places };
}

/** The reverse, on data that arrived and belongs to nobody else. */
export function putCallbacks(values: unknown[], places: readonly CallbackPlace[], standIn: (callback: number) => AnyFunction): void {
  for (const [callback, ...path] of places) {
    let holder: unknown = values;
    for (const k of path.slice(0, -1)) holder = (holder as Record<string | number, unknown>)[k];
    (holder as Record<string | number, unknown>)[path.at(-1)!] = standIn(callback);
  }
}
