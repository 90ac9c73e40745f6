/**
 * Errors that cross a thread, a process or a network.
 *
 * Structured clone keeps of an error its message, its stack and, for the language's own classes, its name. Class, code, own
 * properties, `AggregateError.errors`, and errors inside properties are lost, and one function in a cause rejects the whole.
 * So an error is taken apart here into plain data and put together again on the other side.
 *
 * The form is a flat table of nodes that refer to each other by index: cycles and shared objects need no care, and neither a
 * chain of ten thousand causes nor a deep property can overflow the stack of the serialiser. Only data that both structured
 * clone and `v8.serialize` (child processes) accept goes in; what they refuse travels as its `inspect` text, not as nothing.
 *
 * Two rules hold for every input, hostile ones included: `encodeThrown` and `decodeThrown` never throw, and decoding makes
 * only classes that this side knows or empty stand-ins: names in the data never run code.
 */
import { types } from 'node:util';
import { OffloopError } from '../base/errors.ts';
import { adopt, lineageOf, newError, registeredFor, registeredNamed, type Ancestor } from './class-registry.ts';
import {
  attempt,
  copyLeaf,
  describe,
  isCloneableInstance,
  isError,
  isPlain,
  jsonFields,
  readText,
  tryRead,
  uncloneableThrown,
} from './clone-path.ts';

/** Either the value itself, or the index of the node that stands for an object. */
export type Slot = string | number | bigint | boolean | null | undefined | { readonly ref: number };

export interface EncodedError {
  readonly kind: 'error';
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** Its classes, nearest first. */
  readonly lineage: readonly Ancestor[];
  /** Own properties, key by key beside `slots`; from `shown` on they are not enumerable, like `cause`. */
  readonly keys: readonly string[];
  readonly slots: readonly Slot[];
  readonly shown: number;
  /** Registered name of the class whose codec made the last of `slots`. */
  readonly custom?: string;
}

/** `slots` of a map are key, value, key, value; those of a custom node are what the codec of the registered class made. */
export type EncodedNode =
  | EncodedError
  | { readonly kind: 'data'; readonly slots: readonly []; readonly value: unknown }
  | { readonly kind: 'array' | 'set' | 'map'; readonly slots: readonly Slot[]; readonly registered?: string }
  | { readonly kind: 'object'; readonly slots: readonly Slot[]; readonly keys: readonly string[]; readonly registered?: string }
  | { readonly kind: 'custom'; readonly slots: readonly [Slot]; readonly custom: string };

/** Anything that was thrown, as plain data that structured clone and `v8.serialize` accept. */
export interface Encoded {
  readonly root: Slot;
  readonly nodes: readonly EncodedNode[];
}

/** Nobody reads a hundred nested causes; beyond that it is a loop that wraps its own error. */
const MAX_DEPTH = 100;
const MAX_VALUES = 50_000;

// ── encode

export function encodeThrown(thrown: unknown): Encoded {
  try {
    const encoder = new Encoder();
    const encoded = encoder.encode(thrown);
    // What is no error arrives as it was, or is said not to: a text in the place of a function would mislead.
    return encoder.lossy ? new Encoder().encode(uncloneableThrown(thrown)) : encoded;
  } catch (error) {
    return lastResort(error);
  }
}

function lastResort(error: unknown): Encoded {
  const message = `an error was thrown that could not be described: ${describe(error, 200)}`;
  const lineage: Ancestor[] = [{ name: 'Error', from: 'builtin' }];
  const node: EncodedError = { kind: 'error', name: 'Error', message, stack: `Error: ${message}`, lineage, keys: [], slots: [], shown: 0 };
  return { root: { ref: 0 }, nodes: [node] };
}

/** Where an object was found: how deep, and whether inside an error, where a text may stand in for what cannot travel. */
interface Place {
  readonly value: object;
  readonly depth: number;
  readonly inError: boolean;
}

class Encoder {
  /** Something outside of any error was replaced by text. */
  lossy = false;
  readonly #places: Place[] = [];
  readonly #refs = new Map<object, Slot>();

  encode(thrown: unknown): Encoded {
    const root = this.#slot(thrown, null);
    const nodes: EncodedNode[] = [];
    // Breadth first, so that what is near the top is kept when there is too much.
    for (let i = 0; i < this.#places.length; i++) nodes.push(this.#node(this.#places[i] as Place));
    return { root, nodes };
  }

  #slot(value: unknown, from: Place | null): Slot {
    if (typeof value === 'symbol' || typeof value === 'function') return this.#text(value, from);
    if (typeof value !== 'object' || value === null) return value as Slot;
    const known = this.#refs.get(value);
    if (known !== undefined) return known;
    const depth = from === null ? 0 : from.depth + 1;
    if (depth > MAX_DEPTH || this.#places.length >= MAX_VALUES) return this.#cut(value, from);
    const slot = { ref: this.#places.length };
    this.#places.push({ value, depth, inError: from?.inError ?? false });
    this.#refs.set(value, slot);
    return slot;
  }

  #text(value: unknown, from: Place | null): string {
    if (from?.inError !== true) this.lossy = true;
    return describe(value);
  }

  #cut(value: object, from: Place | null): string {
    // Beyond the number of objects a look at each one would be the expensive part.
    if (this.#places.length >= MAX_VALUES && !isError(value)) return `[offloop cut this off, more than ${MAX_VALUES} objects]`;
    const text = isError(value) ? `${readText(value, 'name', 'Error')}: ${readText(value, 'message', '')}` : this.#text(value, from);
    return `[offloop cut this off, more than ${MAX_DEPTH} levels deep or ${MAX_VALUES} objects] ${text.slice(0, 200)}`;
  }

  #node(place: Place): EncodedNode {
    if (isError(place.value)) return this.#error(place.value, { ...place, inError: true });
    const node = attempt(() => this.#data(place), null);
    return node ?? { kind: 'data', slots: [], value: this.#text(place.value, place) };
  }

  /** Null for what can only travel as text: proxies, live objects of the platform, class instances that hold such things. */
  #data(place: Place): EncodedNode | null {
    const { value } = place;
    if (types.isProxy(value)) return null;
    const known = registeredFor(value);
    if (known?.codec !== undefined) return { kind: 'custom', custom: known.name, slots: [this.#slot(known.codec.encode(value), place)] };
    const registered = known === undefined ? {} : { registered: known.name };
    if (Array.isArray(value)) return value.length > MAX_VALUES ? null : { kind: 'array', slots: this.#items(value, place), ...registered };
    if (types.isMap(value)) return { kind: 'map', slots: this.#items([...Map.prototype.entries.call(value)].flat(), place), ...registered };
    if (types.isSet(value)) return { kind: 'set', slots: this.#items([...Set.prototype.values.call(value)], place), ...registered };
    const leaf = copyLeaf(value);
    if (leaf !== null) return { kind: 'data', slots: [], value: leaf };
    const travels = known !== undefined || isPlain(value) || isCloneableInstance(value);
    return travels ? { kind: 'object', ...this.#fields(value, place), ...registered } : null;
  }

  #items(list: readonly unknown[], place: Place): Slot[] {
    const items = new Array<Slot>(list.length);
    for (let i = 0; i < list.length; i++) if (i in list) items[i] = this.#slot(list[i], place);
    return items;
  }

  #fields(value: object, place: Place): { keys: string[]; slots: Slot[] } {
    const keys = Object.keys(value);
    return { keys, slots: keys.map((key) => this.#property(value, key, place)) };
  }

  #property(value: object, key: string, place: Place): Slot {
    const read = tryRead(value, key);
    if (read.failed && !place.inError) this.lossy = true;
    return this.#slot(read.value, place);
  }

  #error(error: Error, place: Place): EncodedError {
    const name = readText(error, 'name', 'Error');
    const message = readText(error, 'message', '');
    const stack = attempt(() => error.stack as unknown, undefined);
    return {
      kind: 'error',
      name,
      message,
      stack: typeof stack === 'string' && stack !== '' ? stack : `${name}: ${message}`,
      lineage: lineageOf(error),
      ...(this.#custom(error, place) ?? this.#props(error, place)),
    };
  }

  /** By the codec of its registered class. A codec that fails must not cost the error: it then travels like any other. */
  #custom(error: Error, place: Place): Pick<EncodedError, 'keys' | 'slots' | 'shown' | 'custom'> | null {
    const registered = attempt(() => registeredFor(error), undefined);
    if (registered?.codec === undefined) return null;
    const { codec, name } = registered;
    const keys = hiddenKeysOf(error, new Set());
    const slots = keys.map((key) => this.#property(error, key, place));
    return attempt(() => ({ custom: name, keys, slots: [...slots, this.#slot(codec.encode(error), place)], shown: 0 }), null);
  }

  #props(error: Error, place: Place): Pick<EncodedError, 'keys' | 'slots' | 'shown'> {
    const keys = attempt(() => Object.keys(error), []).filter((key) => isCarried(error, key));
    const slots = keys.map((key) => this.#property(error, key, place));
    const hidden = hiddenKeysOf(error, new Set(keys));
    const taken = new Set([...keys, ...hidden]);
    for (const [key, value] of jsonFields(error)) {
      if (taken.has(key) || value === undefined) continue;
      keys.push(key);
      slots.push(this.#slot(value, place));
    }
    const shown = keys.length;
    return { keys: [...keys, ...hidden], slots: [...slots, ...hidden.map((key) => this.#property(error, key, place))], shown };
  }
}

/** These travel in fields of their own, or hidden. */
const reserved: ReadonlySet<string> = new Set(['message', 'stack', 'cause']);

function isCarried(error: Error, key: string): boolean {
  if (reserved.has(key)) return false;
  const { value } = tryRead(error, key);
  // `toString` as a text would make the error impossible to print.
  return key === 'name' ? typeof value === 'string' : !(typeof value === 'function' && key in Error.prototype);
}

/**
 * Properties worth keeping also when they are not enumerable, or when the class computes them: `code` of a DOMException,
 * the parts of a SuppressedError. Methods of these names (VError has `cause()`) are no properties.
 */
function hiddenKeysOf(error: Error, taken: ReadonlySet<string>): string[] {
  return ['cause', 'errors', 'code', 'error', 'suppressed'].filter((key) => {
    if (taken.has(key) || !attempt(() => key in error, false)) return false;
    const { value } = tryRead(error, key);
    return typeof value !== 'function' && (value !== undefined || attempt(() => Object.hasOwn(error, key), false));
  });
}

// ── decode

/** Stands between the frames of the far side and the caller's. Has the form of V8's own `Array.map (<anonymous>)`, which stack parsers know. */
export const SUBMITTED_HERE = '    at offloop: submitted here (<anonymous>)';

/**
 * The thrown value, as near to the original as this side can make it. `callSite` is the text of the stack lines that
 * submitted the job; they are appended to the stack of the error.
 */
export function decodeThrown(encoded: Encoded, callSite?: string): unknown {
  try {
    const thrown = new Decoder(encoded.nodes).decode(encoded.root);
    if (typeof callSite === 'string' && isError(thrown)) appendCallSite(thrown, callSite);
    return thrown;
  } catch (cause) {
    return new OffloopError('OFFLOOP_UNREADABLE_ERROR', 'an error arrived in a form that cannot be read', { cause });
  }
}

function appendCallSite(error: Error, callSite: string): void {
  const frames = callSite.split('\n').filter((line) => /^\s*at /.test(line));
  if (frames.length > 0) define(error, 'stack', [String(error.stack), SUBMITTED_HERE, ...frames].join('\n'), false);
}

class Decoder {
  readonly #nodes: readonly EncodedNode[];
  readonly #made: unknown[] = [];

  constructor(nodes: readonly EncodedNode[]) {
    this.#nodes = [...nodes];
  }

  /** Depth first without recursion: a node is entered (made, still empty) before its parts and left (filled) after them. */
  decode(root: Slot): unknown {
    const stack: number[] = [];
    pushRefs([root], stack);
    while (stack.length > 0) {
      const i = stack.pop() as number;
      // `~i` marks the way back out of node i.
      if (i < 0) this.#leave(~i);
      else if (!(i in this.#made)) this.#enter(i, stack);
    }
    return this.#value(root);
  }

  #enter(i: number, stack: number[]): void {
    const node = this.#nodes[i] as EncodedNode;
    this.#made[i] = emptyOf(node);
    stack.push(~i);
    pushRefs(node.slots, stack);
  }

  #leave(i: number): void {
    const node = this.#nodes[i] as EncodedNode;
    const values = () => node.slots.map((slot) => this.#value(slot));
    if (node.kind === 'error') this.#made[i] = restoreError(node, this.#made[i] as Error, values());
    else if (node.kind === 'custom') this.#made[i] = byCodec(node.custom, values()[0]) ?? values()[0];
    else if (node.kind !== 'data') fill(node, this.#made[i] as object, values());
  }

  #value(slot: Slot): unknown {
    return typeof slot === 'object' && slot !== null ? this.#made[slot.ref] : slot;
  }
}

function pushRefs(slots: readonly Slot[], stack: number[]): void {
  for (let i = slots.length - 1; i >= 0; i--) {
    const slot = slots[i];
    if (typeof slot === 'object' && slot !== null) stack.push(slot.ref);
  }
}

function emptyOf(node: EncodedNode): unknown {
  if (node.kind === 'error') return newError(node.lineage, node.name, node.message);
  if (node.kind === 'data') return node.value;
  // Only a codec can make a custom node, from finished parts: a cycle through one cannot be kept.
  if (node.kind === 'custom') return undefined;
  return adopt(emptyContainer(node), node.registered);
}

function emptyContainer({ kind, slots }: EncodedNode): object {
  return kind === 'map' ? new Map() : kind === 'set' ? new Set() : kind === 'array' ? new Array(slots.length) : {};
}

function fill(node: Exclude<EncodedNode, EncodedError>, target: object, values: readonly unknown[]): void {
  if (node.kind === 'object') node.keys.forEach((key, k) => define(target, key, values[k], true));
  else if (node.kind === 'array') values.forEach((value, k) => ((target as unknown[])[k] = value));
  else if (node.kind === 'set') for (const value of values) Set.prototype.add.call(target, value);
  else for (let k = 0; k < values.length; k += 2) Map.prototype.set.call(target, values[k], values[k + 1]);
}

/** Null when this side does not know the class, or its codec fails: there is always a less exact way that does not lose the error. */
function byCodec(name: string, data: unknown): object | null {
  const codec = registeredNamed(name)?.codec;
  const made: unknown = codec === undefined ? null : attempt(() => codec.decode(data), null);
  return typeof made === 'object' ? made : null;
}

function restoreError(node: EncodedError, plain: Error, values: readonly unknown[]): object {
  const custom = node.custom === undefined ? null : byCodec(node.custom, values.at(-1));
  if (custom !== null && !isError(custom)) return custom;
  const error = custom ?? plain;
  define(error, 'stack', node.stack, false);
  node.keys.forEach((key, k) => {
    // What the class provides by itself (a getter, a field that its codec set) is left alone.
    const provided = k >= node.shown && (custom !== null ? key in error : attempt(() => error[key as 'cause'] === values[k], false));
    if (!provided) define(error, key, values[k], k < node.shown);
  });
  if (custom !== null) return error;
  for (const key of ['message', 'name'] as const)
    if (attempt(() => error[key], undefined) !== node[key]) define(error, key, node[key], false);
  return error;
}

/** No assignment, which would run setters, and with `__proto__` change the class. */
function define(target: object, key: string, value: unknown, enumerable: boolean): void {
  attempt(() => Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true }), target);
}
