/** What a submitted function is on the wire: a reference that a worker resolves, numbered so that it travels only once. */
import { wrongType } from '../base/validate.ts';
import type { FunctionRef } from '../wire/protocol.ts';
import { serializeInline } from './inline-source.ts';

export interface KnownFunction {
  readonly id: number;
  readonly ref: FunctionRef;
  readonly name: string;
}

/** Marks offloaded functions; registered, so that duplicate copies of the package know each other's. */
const key: unique symbol = Symbol.for('offloop.function.v1') as never;

const idKey: unique symbol = Symbol.for('offloop.function-ids.v1') as never;

type AnyFunction = (...args: never[]) => unknown;
interface Marked {
  [key]?: KnownFunction;
}

/** One counter for all copies of the package: a worker knows functions by number. */
const counter = ((globalThis as { [idKey]?: { last: number } })[idKey] ??= { last: 0 });
const inlineFunctions = new WeakMap<AnyFunction, KnownFunction>();

export function markOffloaded(fn: AnyFunction, ref: FunctionRef, name: string): void {
  Object.defineProperty(fn, key, { value: { id: ++counter.last, ref, name } satisfies KnownFunction });
}

export function isOffloaded(fn: unknown): boolean {
  return typeof fn === 'function' && key in fn;
}

/** Throws for what cannot travel: no function, a bound or native one, a class. */
export function functionRef(fn: AnyFunction): KnownFunction {
  if (typeof fn !== 'function') throw wrongType('fn', 'an offloaded or self-contained function', fn);
  return (fn as Marked)[key] ?? inlineRef(fn);
}

function inlineRef(fn: AnyFunction): KnownFunction {
  const known = inlineFunctions.get(fn);
  if (known !== undefined) return known;
  const ref = serializeInline(fn);
  const made: KnownFunction = { id: ++counter.last, ref, name: ref.name };
  inlineFunctions.set(fn, made);
  return made;
}
