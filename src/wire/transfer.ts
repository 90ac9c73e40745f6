/**
 * What is handed over instead of copied, and what is rewritten before it is copied.
 *
 * `move()` only leaves a mark; `collectTransfer()` finds the marks when the value is sent. Three things shape this file:
 * - A call that moves nothing must not pay: as long as no mark is open, collecting is one comparison.
 * - Marks must not be lost under load. `move(x)` and the call that sends `x` may be a queue apart, so a mark is not dropped
 *   after some number of other calls.
 * - A mark that is never sent must not make every later call search its arguments for ever. A mark whose value was garbage
 *   collected is closed. One that lives on is, after a minute, looked for only among the arguments themselves and no longer
 *   inside of them; then a nested buffer is copied instead of moved, which is slower but not wrong. What cannot be copied
 *   at all (ports, streams, file handles) keeps being looked for.
 */
import { types } from 'node:util';
import * as threads from 'node:worker_threads';
import type { Transferable } from 'node:worker_threads';
import { InvalidStateError, OffloopError } from '../base/errors.ts';
import { wrongType } from '../base/validate.ts';
import { adopt, contentsOf, hasRegisteredClasses, isContainer, registeredFor, registeredNamed, visit } from './class-registry.ts';
import { attempt, cloneProblem, isAcceptedForTransfer, isError } from './clone-path.ts';
import { decodeThrown, encodeThrown, type Encoded } from './error-codec.ts';

/** Values looked at in search of marks. Marked parts of something larger than that are copied; mark the whole, then. */
const MAX_SEARCH = 1_000_000;
const SEARCH_INSIDE_MS = 60_000;

/** Kept apart from the transferables, which a finalisation registry must not hold. */
interface Token {
  open: boolean;
  readonly copyable: boolean;
}

const marks = new WeakMap<object, { readonly list: readonly Transferable[]; readonly token: Token }>();
const forgotten = new FinalizationRegistry<Token>(close);
let open = 0;
let openUncopyable = 0;
let searchInsideUntil = 0;

export const mayMove = (values: readonly unknown[]): boolean => open > 0 && holdsObjects(values); // in doubt, yes

// ── move

/**
 * Marks `value` so that the next call or return that sends it hands its memory over instead of copying it; on this side it is
 * empty afterwards. Takes an ArrayBuffer, a typed array, a MessagePort, a stream, a FileHandle, or an object that holds such
 * things; with `transfer`, exactly those parts are handed over. Primitives, and shared memory, pass through.
 *
 * A view of a part of its buffer (a small Buffer, a subarray) is copied all the same: the rest of that memory is not yours.
 */
export function move<T>(value: T, transfer?: readonly unknown[]): T {
  const list = transfer === undefined ? transferablesOf(value) : checkedList(transfer);
  if (list.length === 0) return value;
  if (typeof value !== 'object' || value === null) throw wrongType('value', 'an object that holds what is in transfer', value);
  mark(value, list);
  return value;
}

function transferablesOf(value: unknown): readonly Transferable[] {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return nothing;
  const own = ownTransferables(value);
  if (own !== null) return own;
  const inside = transferablesInside(value);
  // A list or a record may happen to be empty. Anything else was taken for something that it is not.
  if (inside === null && !isContainer(value)) throw wrongType('value', `${transferableKinds}, or an object that holds one`, value);
  return inside ?? nothing;
}

const transferableKinds = 'something that can be transferred: an ArrayBuffer, a typed array, a MessagePort, a stream, a FileHandle';

function checkedList(transfer: readonly unknown[]): readonly Transferable[] {
  if (!Array.isArray(transfer)) throw wrongType('transfer', 'an array', transfer);
  return Array.from(transfer as readonly unknown[], (item, i) => {
    const isSound = typeof item === 'object' && item !== null && !ArrayBuffer.isView(item) && ownTransferables(item)?.[0] === item;
    if (!isSound)
      throw wrongType(`transfer[${i}]`, 'an ArrayBuffer (of a view: its .buffer), a MessagePort, a stream or a FileHandle', item);
    return item as Transferable;
  });
}

/** What the object itself is made of, as a transfer list; empty when it is better copied; null when it is nothing of that kind. */
function ownTransferables(value: object): readonly Transferable[] | null {
  if (types.isProxy(value)) return null;
  if (types.isSharedArrayBuffer(value)) return [];
  if (types.isArrayBuffer(value)) return canDetach(value) ? [value] : [];
  if (ArrayBuffer.isView(value)) return ownsItsBuffer(value) && canDetach(value.buffer as ArrayBuffer) ? [value.buffer as ArrayBuffer] : [];
  return isHandle(value) ? [value as Transferable] : null;
}

function ownsItsBuffer(view: ArrayBufferView): boolean {
  // A DataView of detached memory throws.
  return types.isArrayBuffer(view.buffer) && attempt(() => view.byteOffset === 0 && view.byteLength === view.buffer.byteLength, false);
}

/** Node 21 and up. Before, an untransferable buffer in a transfer list is copied, which is what we want. */
const isUntransferable = (threads as { isMarkedAsUntransferable?: (value: object) => boolean }).isMarkedAsUntransferable;

function canDetach(buffer: ArrayBuffer): boolean {
  if (isUntransferable?.(buffer) === true) return false;
  // Memory of WebAssembly comes in pages of this size, and is not to be taken away. A detached buffer has no bytes. Only there is it worth asking.
  if (buffer.byteLength % 65_536 !== 0) return true;
  return buffer.byteLength === 0 ? cloneProblem(buffer) === null : isAcceptedForTransfer(buffer);
}

/** Objects that the platform transfers and does not copy. */
function isHandle(value: object): boolean {
  if (isContainer(value)) return false;
  if (handleClasses().some((cls) => value instanceof cls)) return true;
  // FileHandle is not exported, and an AbortSignal can be transferred only if it was made so: ask the platform.
  const mayBe = value instanceof AbortSignal || attempt(() => value.constructor.name === 'FileHandle', false);
  return mayBe && isAcceptedForTransfer(value) && cloneProblem(value) !== null;
}

/** A function, because reading the globals loads the streams. */
const handleClasses = (): (abstract new (...a: never[]) => object)[] => [
  threads.MessagePort,
  ReadableStream,
  WritableStream,
  TransformStream,
];

/** Null when there is nothing of the kind inside, not even something that is better copied. */
function transferablesInside(value: object): readonly Transferable[] | null {
  const list = new Set<Transferable>();
  let any = false;
  visit([value], (inner) => {
    const own = ownTransferables(inner);
    any ||= own !== null;
    for (const item of own ?? nothing) list.add(item);
    return own === null;
  });
  return any ? [...list] : null;
}

// ── marks

function mark(value: object, list: readonly Transferable[]): void {
  take(value);
  const token: Token = { open: true, copyable: list.every((item) => types.isArrayBuffer(item)) };
  marks.set(value, { list, token });
  forgotten.register(value, token);
  open++;
  if (token.copyable) searchInsideUntil = performance.now() + SEARCH_INSIDE_MS;
  else openUncopyable++;
}

function close(token: Token): void {
  if (!token.open) return;
  token.open = false;
  open--;
  if (!token.copyable) openUncopyable--;
}

/** The transfer list that was left on this object, once. */
function take(value: object): readonly Transferable[] {
  const found = marks.get(value);
  if (found?.token.open !== true) return nothing;
  marks.delete(value);
  close(found.token);
  return found.list;
}

const nothing: readonly Transferable[] = Object.freeze([]);

/**
 * The transfer list for sending `values`: everything in them that was marked by `move()`, however deep. Marks are used up.
 * Best called on what `encodeValues` returned (a codec may mark what it made), and early: time in a queue counts, see above.
 */
export function collectTransfer(values: readonly unknown[]): readonly Transferable[] {
  if (open === 0 || !holdsObjects(values)) return nothing;
  const list = new Set<Transferable>();
  const collect = (value: object): void => {
    for (const item of take(value)) list.add(item);
    if (ArrayBuffer.isView(value)) for (const item of take(value.buffer)) list.add(item);
  };
  for (const value of values) if (typeof value === 'object' && value !== null) collect(value);
  if (openUncopyable > 0 || (open > 0 && performance.now() < searchInsideUntil)) {
    const look = (value: object): boolean => {
      collect(value);
      return open > 0;
    };
    visit(values, look, MAX_SEARCH);
  }
  return list.size === 0 ? nothing : [...list];
}

// ── instances of registered classes

/** Marks the plain data that stands for an instance, with the name of its class; with '' it guards data that has such a key by itself. */
const TAG = 'offloop:class';

interface Tagged {
  readonly [TAG]: string;
  readonly data?: unknown;
  readonly error?: Encoded;
}

export interface EncodedValues {
  readonly values: readonly unknown[];
  /** Only then does the receiver need `decodeValues`. */
  readonly replaced: boolean;
}

/**
 * Arguments or results with every instance of a registered class replaced by plain data. The user's objects are left as they
 * are: what leads to an instance is copied, the rest is shared, and when there is no instance nothing is copied at all.
 */
export function encodeValues(values: readonly unknown[]): EncodedValues {
  if (!hasRegisteredClasses() || !holdsObjects(values) || !holdsReplaceable(values)) return { values, replaced: false };
  const replacer = new Replacer();
  return { values: values.map((value) => replacer.replace(value)), replaced: true };
}

function holdsReplaceable(values: readonly unknown[]): boolean {
  let found = false;
  visit(values, (value) => !(found ||= registeredFor(value) !== undefined || Object.hasOwn(value, TAG)));
  return found;
}

/** Recursive, like structured clone itself, which cannot go deeper than this either. */
class Replacer {
  readonly #copies = new Map<object, object>();

  replace(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || types.isProxy(value)) return value;
    const known = this.#copies.get(value);
    if (known !== undefined) return known;
    const registered = registeredFor(value);
    if (registered === undefined) return this.#copy(value, Object.hasOwn(value, TAG) ? '' : undefined);
    const { name, codec } = registered;
    if (isError(value)) return this.#remember(value, { [TAG]: name, error: encodeThrown(value) });
    if (codec === undefined) return this.#copy(value, name);
    const tagged: { data: unknown } = this.#remember(value, { [TAG]: name, data: undefined });
    const made = runCodec(name, 'encode', () => codec.encode(value));
    tagged.data = this.replace(made);
    return tagged;
  }

  /** The copy is known before its parts are, so that cycles end in it; a part that leads back to its holder counts as changed. */
  #copy(value: object, tag: string | undefined): object {
    if (tag === undefined && !holdsObjects(value)) return value;
    const data = types.isMap(value)
      ? new Map()
      : types.isSet(value)
        ? new Set()
        : Array.isArray(value)
          ? new Array<unknown>(value.length)
          : {};
    const copy = tag === undefined ? data : { [TAG]: tag, data };
    this.#copies.set(value, copy);
    let changed = tag !== undefined;
    fill(data, value, (part) => {
      const replaced = this.replace(part);
      if (!Object.is(replaced, part)) changed = true;
      return replaced;
    });
    return this.#remember(value, changed ? copy : value);
  }

  #remember<T extends object>(value: object, copy: T): T {
    this.#copies.set(value, copy);
    // `move(instance)` marked an object that will not be sent, its copy will. One mark for both: it is used up by either.
    const found = marks.get(value);
    if (found !== undefined) marks.set(copy, found);
    return copy;
  }
}

function holdsObjects(value: object): boolean {
  return contentsOf(value).some((part) => typeof part === 'object' && part !== null);
}

/** Puts the mapped parts of `source` into `target`, which may be the same object. */
function fill(target: object, source: object, map: (part: unknown) => unknown): void {
  if (types.isMap(source)) {
    const entries = [...Map.prototype.entries.call(source)].map(([key, value]: [unknown, unknown]) => [map(key), map(value)] as const);
    if (target === source) Map.prototype.clear.call(source);
    for (const [key, value] of entries) Map.prototype.set.call(target, key, value);
  } else if (types.isSet(source)) {
    const items = [...Set.prototype.values.call(source)].map(map);
    if (target === source) Set.prototype.clear.call(source);
    for (const item of items) Set.prototype.add.call(target, item);
  } else setFields(target, source, map);
}

/** By keys, so that a sparse array stays one; by definition, so that `__proto__` is a key like any other and no setter runs. */
function setFields(target: object, source: object, map: (part: unknown) => unknown): void {
  for (const [key, part] of Object.entries(source) as [string, unknown][]) {
    const value = map(part);
    const same = target === source && Object.is(value, part);
    if (!same) Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
  }
}

function runCodec<T>(name: string, verb: 'encode' | 'decode', step: () => T): T {
  try {
    return step();
  } catch (cause) {
    const message = `the codec given to registerClass(${JSON.stringify(name)}, …) failed to ${verb}`;
    throw new OffloopError('OFFLOOP_CODEC_FAILED', message, { cause });
  }
}

/** The reverse of `encodeValues`, on data that arrived and belongs to nobody else: it is changed in place. */
export function decodeValues(values: readonly unknown[]): unknown[] {
  const restorer = new Restorer();
  return values.map((value) => restorer.restore(value));
}

class Restorer {
  readonly #made = new Map<unknown, unknown>();

  restore(value: unknown): unknown {
    if (!isContainer(value)) return value;
    if (this.#made.has(value)) return this.#made.get(value);
    const holder = value as object;
    if (Object.hasOwn(holder, TAG)) return this.#untag(holder as Tagged);
    return holdsObjects(holder) ? this.#refill(holder, holder, holder) : holder;
  }

  /** `made` is known before its parts are, so that cycles end in it. */
  #refill(arrived: object, made: object, parts: object): object {
    this.#made.set(arrived, made).set(parts, made);
    fill(made, parts, (part) => this.restore(part));
    return made;
  }

  #untag(tagged: Tagged): unknown {
    const { [TAG]: name, data, error } = tagged;
    if (name === '') return this.#refill(tagged, data as object, data as object);
    if (error !== undefined) return this.#remember(tagged, decodeThrown(error));
    const registered = registeredNamed(name);
    if (registered === undefined) throw notRegistered(name);
    const { codec } = registered;
    if (codec === undefined) return this.#refill(tagged, adopt(data as object, name), data as object);
    // A cycle through a codec cannot be kept: in there the instance does not exist yet, and reads as undefined.
    this.#remember(tagged, undefined);
    const parts = this.restore(data);
    const instance = runCodec(name, 'decode', () => codec.decode(parts));
    return this.#remember(tagged, instance);
  }

  #remember<T>(tagged: Tagged, made: T): T {
    this.#made.set(tagged, made);
    return made;
  }
}

function notRegistered(name: string): InvalidStateError {
  const what = `an instance of the registered class ${JSON.stringify(name)} arrived where that class is not registered`;
  return new InvalidStateError(`${what}; call registerClass in a module that both sides import`);
}
