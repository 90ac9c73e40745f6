/**
 * The classes that keep their identity on the trip to a worker and back.
 *
 * Structured clone copies the fields of an instance and drops its class. A class registered here, under the same name on both
 * sides, comes back as an instance. Registering is opt-in and by name, never by what a message says about itself: data cannot
 * make the receiver build an object of a class that it did not register.
 *
 * The table lives on `globalThis`, so that two copies of this library in one program (a nested dependency) agree.
 */
import { EventEmitter } from 'node:events';
import { types } from 'node:util';
import * as errors from '../base/errors.ts';
import { checkFunction, checkString, outOfRange, wrongType } from '../base/validate.ts';
import { attempt, isPlain } from './clone-path.ts';

export interface ClassCodec {
  encode(value: object): unknown;
  decode(data: unknown): object;
}

export interface RegisteredClass {
  readonly name: string;
  readonly cls: new (...a: never[]) => object;
  /** Absent: the own enumerable properties travel, and the instance is made without calling the constructor. */
  readonly codec: ClassCodec | undefined;
}

interface Registry {
  readonly byName: Map<string, RegisteredClass>;
  /** Weak, and by prototype: a re-evaluated module leaves old instances behind, which should still travel but not pile up. */
  readonly byPrototype: WeakMap<object, RegisteredClass>;
}

const registry: Registry = ((globalThis as Record<symbol, unknown>)[Symbol.for('offloop.classes.v1')] ??= {
  byName: new Map(),
  byPrototype: new WeakMap(),
}) as Registry;

/** What structured clone or the error codec carries already, or what everything inherits from: a codec here would catch other people's values. */
// prettier-ignore
const builtins: ReadonlySet<unknown> = new Set<unknown>([
  Object, Function, Array, Map, Set, Date, RegExp, Boolean, Number, String, BigInt, Symbol, Promise, ArrayBuffer, SharedArrayBuffer, DataView,
  Object.getPrototypeOf(Uint8Array), Uint8Array, Uint8ClampedArray, Uint16Array, Uint32Array, Int8Array, Int16Array, Int32Array, Float32Array,
  Float64Array, BigInt64Array, BigUint64Array, Error, TypeError, RangeError, SyntaxError, EvalError, URIError, ReferenceError, AggregateError,
  DOMException,
]);

/**
 * Lets instances of `cls`, an error class or a plain one, survive the trip as instances. Call it in a module that both sides
 * import. Without a codec the own enumerable properties travel; state in private fields (`#x`) needs a codec.
 * Instances of a subclass that is not registered itself arrive as instances of `cls`.
 */
export function registerClass(name: string, cls: new (...a: never[]) => object, codec?: ClassCodec): void {
  checkString('name', name);
  if (name === '') throw outOfRange('name', 'a string that is not empty', name);
  checkClass(cls);
  if (codec !== undefined) checkCodec(codec);
  checkFree(name, cls);
  const entry: RegisteredClass = { name, cls, codec };
  registry.byName.set(name, entry);
  registry.byPrototype.set(cls.prototype as object, entry);
}

function checkClass(cls: unknown): void {
  checkFunction('cls', cls);
  const { prototype } = cls as { prototype: unknown };
  if (typeof prototype !== 'object' || prototype === null) throw wrongType('cls', 'a class (it has no prototype)', cls);
  if (builtins.has(cls)) throw outOfRange('cls', 'a class of your own, not one of the language', cls);
}

function checkCodec(codec: unknown): void {
  if (typeof codec !== 'object' || codec === null) throw wrongType('codec', 'an object with encode and decode', codec);
  checkFunction('codec.encode', (codec as Partial<ClassCodec>).encode);
  checkFunction('codec.decode', (codec as Partial<ClassCodec>).decode);
}

function checkFree(name: string, cls: RegisteredClass['cls']): void {
  const holder = registry.byName.get(name)?.cls;
  if (holder !== undefined && !isReevaluated(holder, cls)) {
    throw new errors.InvalidStateError(
      `registerClass: the name ${JSON.stringify(name)} is already taken by class ${nameOf(holder)}; choose another name for class ${nameOf(cls)}`,
    );
  }
  const other = registry.byPrototype.get(cls.prototype as object);
  if (other !== undefined && other.name !== name) {
    throw new errors.InvalidStateError(
      `registerClass: class ${nameOf(cls)} is already registered as ${JSON.stringify(other.name)}, it cannot also be ${JSON.stringify(name)}`,
    );
  }
}

/** Watch mode and test runners evaluate a module again: the class is another object then, but the same class to its author. */
function isReevaluated(old: RegisteredClass['cls'], cls: RegisteredClass['cls']): boolean {
  if (old === cls) return true;
  return old.name === cls.name && (cls.name !== '' || String(old) === String(cls));
}

const nameOf = (cls: RegisteredClass['cls']): string => cls.name || '(anonymous)';

/** The registered class that an instance, or one of its ancestors, belongs to. Never throws; a Proxy belongs to none. */
export function registeredFor(value: unknown): RegisteredClass | undefined {
  if (typeof value !== 'object' || value === null || registry.byName.size === 0 || types.isProxy(value)) return undefined;
  let prototype = Object.getPrototypeOf(value) as object | null;
  while (prototype !== null && prototype !== Object.prototype) {
    const entry = registry.byPrototype.get(prototype);
    if (entry !== undefined) return entry;
    if (types.isProxy(prototype)) return undefined;
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return undefined;
}

export function registeredNamed(name: string): RegisteredClass | undefined {
  return registry.byName.get(name);
}

/** Makes plain data an instance, without its constructor having run; leaves it plain when this side does not know the class. */
export function adopt<T extends object>(data: T, name: string | undefined): T {
  const cls = name === undefined ? undefined : registry.byName.get(name)?.cls;
  return cls === undefined ? data : (Object.setPrototypeOf(data, cls.prototype as object) as T);
}

/** False in most programs: then nothing needs to be looked for in arguments and results. */
export function hasRegisteredClasses(): boolean {
  return registry.byName.size > 0;
}

// ── classes of errors by name: what an error's prototype chain says on one side, and which class that is on the other

/** One class of a prototype chain. `from` keeps a user's `TimeoutError` apart from ours; `registered` is its name in the registry. */
export interface Ancestor {
  readonly name: string;
  readonly from: 'builtin' | 'offloop' | 'user';
  readonly registered?: string;
}

type ErrorClass = new (...a: never[]) => Error;

const MAX_LINEAGE = 32;
const MAX_STAND_INS = 200;
const MAX_NAME = 200;

const wasm = (globalThis as { WebAssembly?: Record<string, ErrorClass | undefined> }).WebAssembly; // absent under --jitless

// prettier-ignore
const builtinErrors: ReadonlyMap<string, ErrorClass> = new Map(
  [
    Error, TypeError, RangeError, SyntaxError, EvalError, URIError, ReferenceError, AggregateError, DOMException as ErrorClass,
    (globalThis as { SuppressedError?: ErrorClass }).SuppressedError, // Node 24 and up
    wasm?.['CompileError'], wasm?.['LinkError'], wasm?.['RuntimeError'],
  ].flatMap((cls) => (cls === undefined ? [] : [[cls.name, cls] as const])),
);

const ownErrors: ReadonlyMap<string, ErrorClass> = new Map(
  Object.entries(errors).filter(([name, value]) => isBranded((value as { prototype?: object }).prototype, name)) as [string, ErrorClass][],
);

function isBranded(prototype: object | undefined, name: string): boolean {
  return prototype !== undefined && Object.hasOwn(prototype, Symbol.for(`offloop.error.${name}`));
}

/** The named classes of an error, nearest first; stops at Object. Never throws. */
export function lineageOf(error: object): Ancestor[] {
  const lineage: Ancestor[] = [];
  try {
    let prototype = Object.getPrototypeOf(error) as object | null;
    while (prototype !== null && lineage.length < MAX_LINEAGE) {
      const next = Object.getPrototypeOf(prototype) as object | null;
      const ancestor = next === null ? null : ancestorOf(prototype);
      if (ancestor !== null) lineage.push(ancestor);
      prototype = next;
    }
  } catch {
    // A proxy in the chain that throws: what was found below it is still true.
  }
  return lineage;
}

function ancestorOf(prototype: object): Ancestor | null {
  const cls = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value as unknown;
  const name = typeof cls === 'function' ? (Object.getOwnPropertyDescriptor(cls, 'name')?.value as unknown) : undefined;
  if (typeof name !== 'string' || name === '') return null;
  const registered = registry.byPrototype.get(prototype)?.name;
  if (registered !== undefined) return { name, from: 'user', registered };
  if (isBranded(prototype, name)) return { name, from: 'offloop' };
  return { name, from: isBuiltin(cls as object, name) ? 'builtin' : 'user' };
}

/** Errors of another realm (a vm context) have classes of their own, as native as ours. */
function isBuiltin(cls: object, name: string): boolean {
  const ours = builtinErrors.get(name);
  return ours !== undefined && (ours === cls || Function.prototype.toString.call(cls).includes('[native code]'));
}

/**
 * An error with this lineage, and no fields yet: of its class if this side knows it, else of an empty stand-in of that name
 * under the nearest class known. No constructor of a user runs.
 */
export function newError(lineage: readonly Ancestor[], name: string, message: string): Error {
  const limit = Error.stackTraceLimit;
  // The frames of this side are replaced anyway, and formatting them is most of what an error costs.
  attempt(() => (Error.stackTraceLimit = 0), 0);
  try {
    return Object.setPrototypeOf(allocate(lineage, name, message), prototypeFor(lineage)) as Error;
  } finally {
    attempt(() => (Error.stackTraceLimit = limit), 0);
  }
}

/** A native error, with the inner slots that some classes need and a prototype alone does not give. */
function allocate(lineage: readonly Ancestor[], name: string, message: string): Error {
  for (const ancestor of lineage) {
    if (ancestor.from === 'offloop' && ancestor.name === 'TaskGroupError') return new errors.TaskGroupError([], message);
    if (ancestor.from === 'builtin' && ancestor.name === 'DOMException') return new DOMException(message, name);
  }
  return message === '' ? new Error() : new Error(message);
}

function prototypeFor(lineage: readonly Ancestor[]): object {
  for (const [i, ancestor] of lineage.entries()) {
    const cls = knownClass(ancestor);
    if (cls !== undefined) return i === 0 ? (cls.prototype as object) : standIn((lineage[0] as Ancestor).name, cls);
  }
  return lineage.length === 0 ? Error.prototype : standIn((lineage[0] as Ancestor).name, Error);
}

function knownClass({ name, from, registered }: Ancestor): ErrorClass | undefined {
  if (registered !== undefined) {
    const cls = registry.byName.get(registered)?.cls;
    return cls !== undefined && cls.prototype instanceof Error ? (cls as ErrorClass) : undefined;
  }
  return from === 'user' ? undefined : (from === 'offloop' ? ownErrors : builtinErrors).get(name);
}

/** Empty subclasses made so far, so that two errors of one class have one constructor. Bounded: class names are data from elsewhere. */
const standIns = new Map<string, { readonly base: ErrorClass; readonly cls: ErrorClass }>();

function standIn(longName: string, base: ErrorClass): object {
  const name = longName.slice(0, MAX_NAME);
  const key = `${base.name} ${name}`;
  const known = standIns.get(key);
  if (known?.base === base) return known.cls.prototype as object;
  const cls = class extends base {};
  Object.defineProperty(cls, 'name', { value: name, configurable: true });
  if (standIns.size >= MAX_STAND_INS) standIns.delete(standIns.keys().next().value as string);
  standIns.set(key, { base, cls });
  return cls.prototype;
}

// ── looking for instances, or for other marked things, inside of values

/** What structured clone would copy part by part, and nothing else about. */
export function isContainer(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  return Array.isArray(value) || types.isMap(value) || types.isSet(value) || isPlain(value);
}

/**
 * The parts of an object that structured clone would copy with it: elements, entries, fields of an instance. None where the
 * inside is not the user's (buffers, errors, emitters, proxies) or cannot be read; the clone itself will say why.
 */
export function contentsOf(value: object): readonly unknown[] {
  if (types.isProxy(value) || ArrayBuffer.isView(value) || types.isNativeError(value) || value instanceof EventEmitter) return [];
  if (types.isMap(value)) return [...Map.prototype.keys.call(value), ...Map.prototype.values.call(value)];
  if (types.isSet(value)) return [...Set.prototype.values.call(value)];
  // A sparse array may have four thousand million elements, three of which exist.
  if (Array.isArray(value) && value.length < 100_000) return value;
  return attempt<readonly unknown[]>(() => Object.values(value), []);
}

/** Calls `look` for every object in `values`, and goes inside of it where that says true. Safe from cycles; `limit` counts all values. */
export function visit(values: readonly unknown[], look: (value: object) => boolean, limit: number = Infinity): void {
  const seen = new Set<object>();
  const stack: (readonly unknown[])[] = [values];
  let left = limit;
  for (let list = stack.pop(); list !== undefined; list = stack.pop()) {
    for (let i = 0; i < list.length; i++) {
      const value = list[i];
      if (left-- <= 0) return;
      if (typeof value !== 'object' || value === null || seen.has(value) || types.isProxy(value)) continue;
      seen.add(value);
      if (look(value)) stack.push(contentsOf(value));
    }
  }
}
