/**
 * Says which part of a value cannot be cloned, and where it sits.
 *
 * A DataCloneError shows the source text of some function and no place: useless for an argument with forty fields. So, after
 * the platform has refused a value, it is walked in the order in which structured clone reads it, and the first culprit is
 * named by a path that could be typed into a debugger. This runs on the failure path only; what matters here is that it is
 * exact where that is cheap, that it always ends, and that a hostile value (proxy, throwing getter, cycle) cannot break it.
 */
import { EventEmitter } from 'node:events';
import { inspect, types } from 'node:util';
import { NotCloneableError } from '../base/errors.ts';

export interface Uncloneable {
  readonly path: string;
  readonly what: string;
}

/** Objects looked at, and clones tried, before we give up: a search for a culprit must not become the slow part itself. */
const MAX_VISITS = 100_000;
const MAX_PROBES = 1_000;
const MAX_PATH = 300;

/** One value on the way. The path is put together only for the culprit. */
interface Step {
  readonly value: unknown;
  readonly at: string;
  readonly from: Step | null;
  /** Set when the value could not even be read. */
  readonly problem?: string;
}

/** The value as short text; never throws, whatever the value's own `inspect` method or proxy does. */
export function describe(value: unknown, maxLength = 500): string {
  let text: string;
  try {
    text =
      !types.isProxy(value) && value instanceof URL
        ? value.href
        : inspect(value, { depth: 1, breakLength: Infinity, maxArrayLength: 20, maxStringLength: 200 });
  } catch {
    text = `[${typeof value} that cannot be inspected]`;
  }
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}

/**
 * The first thing in `value` that structured clone refuses, or null when it refuses nothing.
 * `transferred` are the objects that went along in a transfer list: they need no clone.
 */
export function findUncloneable(value: unknown, root: string, transferred: readonly unknown[] = []): Uncloneable | null {
  const start: Step = { value, at: root, from: null };
  try {
    return walk(start, new Set(transferred)) ?? (transferred.length > 0 ? null : descend(start));
  } catch (error) {
    // A prototype that is a hostile proxy, say. The platform's own words about the whole are still worth having.
    return { path: root, what: cloneProblem(value) ?? textOf(error) };
  }
}

/** The error to reject a job with when the platform refused to clone `values`. */
export function notCloneable(values: unknown, root: string, cause: unknown, transferred?: readonly unknown[]): NotCloneableError {
  const { path, what } = findUncloneable(values, root, transferred) ?? { path: root, what: textOf(cause) };
  const advice =
    what.startsWith('class ') || /^(async )?function\b/.test(what) ? functionAdvice : movable.test(what) ? moveAdvice : dataAdvice;
  return new NotCloneableError(`${path} cannot be sent to another thread or process: ${what}. ${advice}`, path, { cause });
}

/** What to send instead of a thrown value that is no error and cannot be cloned. */
export function uncloneableThrown(thrown: unknown): NotCloneableError {
  const path = findUncloneable(thrown, 'thrown')?.path ?? 'thrown';
  const where = path === 'thrown' ? '' : `; the part that cannot is ${path}`;
  const message = `something was thrown that is no error and cannot be sent to another thread or process: ${describe(thrown)}${where}`;
  const error = new NotCloneableError(message, path);
  // The frames of this codec would be taken for the place of the throw, which nobody knows.
  Object.defineProperty(error, 'stack', { value: `${error.name}: ${message}` });
  return error;
}

const functionAdvice =
  'Pass data only, or define the function in a module with offload(), or wrap it in callback() to have it called here.';
const moveAdvice = 'It cannot be copied, only handed over: pass it as move(value).';
const dataAdvice = 'Pass data only: plain objects, arrays, Map, Set, Date, buffers; registerClass() teaches a class how to travel.';
const movable = /^an? (MessagePort|ReadableStream|WritableStream|TransformStream|FileHandle)\b/;

// ── the walk: depth first, in the order of structured clone, so that "first" means the one the platform complained about

function walk(start: Step, done: Set<unknown>): Uncloneable | null {
  const stack: Step[] = [start];
  for (let visits = 0; visits < MAX_VISITS; visits++) {
    const step = stack.pop();
    if (step === undefined) return null;
    if (!isOpen(step) || (done.has(step.value) && step.problem === undefined)) continue;
    if (typeof step.value === 'object') done.add(step.value);
    const what = step.problem ?? verdict(step.value);
    if (what !== null) return { path: pathOf(step), what };
    const children = isAtomic(step.value) ? [] : childrenOf(step);
    const hidden = children.length === 0 ? refusal(step.value) : null;
    if (hidden !== null) return { path: pathOf(step), what: hidden };
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i] as Step);
  }
  return null;
}

/** What the value is when its kind alone says that it cannot be cloned. */
function verdict(value: unknown): string | null {
  if (types.isProxy(value)) return 'a Proxy';
  if (typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return functionText(value);
  if (typeof value !== 'object' || value === null) return null;
  if (types.isPromise(value)) return 'a Promise (await it first)';
  const hopeless =
    types.isWeakMap(value) || types.isWeakSet(value) || types.isGeneratorObject(value) || types.isModuleNamespaceObject(value);
  return hopeless ? article(classOf(value)) : null;
}

/** Objects whose inside is not the user's: when these cannot be cloned, they are the news, not some field deep in them. */
function isAtomic(value: unknown): boolean {
  return value instanceof EventEmitter || value instanceof EventTarget || types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value);
}

/** Asks the platform about one object without children. Buffers with something in them are attached, and too dear to copy for a question. */
function refusal(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return null;
  const isMemory = types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value);
  if (isMemory && attempt(() => value.byteLength > 0, false)) return null;
  const text = cloneProblem(value);
  return text === null ? null : refusedText(value, text);
}

/** The platform's words, unless they are about a part that nobody has heard of. */
function refusedText(value: unknown, text: string): string {
  const name = article(classOf(value));
  if (movable.test(name)) return name;
  return value instanceof EventEmitter ? `${name} (an event emitter, with its listeners)` : `${name} (${text})`;
}

/** Why the platform refuses to clone this, or null. Makes a copy to find out. */
export function cloneProblem(value: unknown): string | null {
  try {
    structuredClone(value);
    return null;
  } catch (error) {
    return textOf(error);
  }
}

/** Asks without transferring: the list is looked at first, then the message is refused. */
export function isAcceptedForTransfer(value: object): boolean {
  const refused = (): void => {};
  try {
    structuredClone(refused, { transfer: [value as ArrayBuffer] });
  } catch (error) {
    return (error as Error).message.startsWith(String(refused));
  }
  return true;
}

function childrenOf(step: Step): Step[] {
  const { value } = step;
  if (types.isMap(value)) return mapChildren(step, value);
  if (types.isSet(value))
    return [...Set.prototype.values.call(value)].map((v: unknown, i) => ({ value: v, at: `.values()[${i}]`, from: step })).filter(isOpen);
  // Structured clone copies the cause of an error, and none of its other properties.
  const keys = types.isNativeError(value) ? ['cause'].filter((k) => Object.hasOwn(value, k)) : Object.keys(value as object);
  if (keys.length > MAX_VISITS) keys.length = MAX_VISITS;
  const isList = Array.isArray(value);
  return keys.map((key) => readChild(step, key, isList)).filter(isOpen);
}

function mapChildren(step: Step, map: Map<unknown, unknown>): Step[] {
  const children: Step[] = [];
  let i = 0;
  for (const [key, value] of Map.prototype.entries.call(map) as IterableIterator<[unknown, unknown]>) {
    const named = key === null || (typeof key !== 'object' && typeof key !== 'function' && typeof key !== 'symbol');
    children.push({ value: key, at: `.keys()[${i}]`, from: step });
    children.push({ value, at: named ? `.get(${literal(key)})` : `.values()[${i}]`, from: step });
    i++;
  }
  return children.filter(isOpen);
}

function readChild(step: Step, key: string, isList: boolean): Step {
  const at = segment(key, isList);
  const read = tryRead(step.value as object, key);
  return read.failed
    ? { value: undefined, at, from: step, problem: String(read.value).slice(1, -1) }
    : { value: read.value, at, from: step };
}

/** Primitives other than symbols are always fine: they need no visit. */
function isOpen({ value, problem }: Step): boolean {
  return problem !== undefined || (typeof value === 'object' && value !== null) || typeof value === 'function' || typeof value === 'symbol';
}

// ── the second try: nothing is wrong by kind, yet the platform refuses. Follow the refusal down to the smallest refused part.

function descend(start: Step): Uncloneable | null {
  let step = start;
  let text = cloneProblem(step.value);
  if (text === null) return null;
  // Too deep is a property of the whole, and no part of it is to blame.
  if (/call stack/i.test(text)) return { path: start.at, what: `it is nested too deeply (${text})` };
  for (let probes = 0; probes < MAX_PROBES; probes++) {
    const found = firstRefused(step, MAX_PROBES - probes);
    if (found === null) break;
    [step, text] = found;
  }
  return { path: pathOf(step), what: refusedText(step.value, text) };
}

function firstRefused(step: Step, limit: number): [Step, string] | null {
  if (typeof step.value !== 'object' || step.value === null || types.isProxy(step.value) || isAtomic(step.value)) return null;
  for (const child of childrenOf(step).slice(0, limit)) {
    const text = child.problem ?? cloneProblem(child.value);
    if (text !== null) return [child, text];
  }
  return null;
}

// ── words

function pathOf(step: Step): string {
  const parts: string[] = [];
  for (let s: Step | null = step; s !== null; s = s.from) parts.push(s.at);
  const path = parts.reverse().join('');
  return path.length <= MAX_PATH ? path : `${path.slice(0, MAX_PATH / 2)} … ${path.slice(-MAX_PATH / 2)}`;
}

function segment(key: string, isList: boolean): string {
  if (isList && /^\d+$/.test(key)) return `[${key}]`;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${literal(key)}]`;
}

function literal(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(key.length > 60 ? `${key.slice(0, 60)}…` : key);
  return typeof key === 'bigint' ? `${key}n` : String(key);
}

function functionText(fn: object): string {
  const source = Function.prototype.toString.call(fn);
  const own = Object.getOwnPropertyDescriptor(fn, 'name')?.value as unknown;
  const name = typeof own === 'string' && own !== '' ? own : '(anonymous)';
  if (/^class\b/.test(source)) return `class ${name}`;
  return `${/^async\b/.test(source) ? 'async ' : ''}function ${name}`;
}

function classOf(value: unknown): string {
  if (types.isModuleNamespaceObject(value)) return 'module namespace (import * as …)';
  if (types.isGeneratorObject(value)) return 'generator object';
  try {
    const name: unknown = (value as object).constructor.name;
    return typeof name === 'string' && name !== '' ? name : 'object';
  } catch {
    return 'object';
  }
}

function article(name: string): string {
  return `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`;
}

function textOf(error: unknown): string {
  const text = isError(error) ? readText(error, 'message', '') : describe(error, 200);
  const line = text.split('\n', 1)[0] as string;
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}

// ── careful looks at values that may be hostile, shared with the error codec

export function attempt<T>(fn: () => T, otherwise: T): T {
  try {
    return fn();
  } catch {
    return otherwise;
  }
}

/** A property, or a text that says why it cannot be read. */
export function tryRead(value: object, key: string): { readonly value: unknown; readonly failed: boolean } {
  try {
    return { value: (value as Record<string, unknown>)[key], failed: false };
  } catch (error) {
    return { value: `[a getter that threw ${describe(error, 200).split('\n', 1)[0]}]`, failed: true };
  }
}

/** A property as text: what is no string is shown, what is absent is replaced. */
export function readText(value: object, key: string, otherwise: string): string {
  const read = tryRead(value, key).value;
  return typeof read === 'string' ? read : read === undefined ? otherwise : describe(read, 200);
}

/** What an error class tells through `toJSON` and keeps in private fields otherwise. */
export function jsonFields(error: Error): [string, unknown][] {
  return attempt(() => {
    const { toJSON } = error as { toJSON?: unknown };
    const json: unknown = typeof toJSON === 'function' ? toJSON.call(error) : null;
    if (typeof json !== 'object' || json === null || types.isProxy(json) || Array.isArray(json) || !isPlain(json)) return [];
    return Object.entries(json).filter(([key]) => !['name', 'message', 'stack', 'cause'].includes(key));
  }, []);
}

/** An error of this or another realm. DOMException is no native error before Node 22. */
export function isError(value: unknown): value is Error {
  return attempt(() => types.isNativeError(value) || value instanceof Error, false);
}

/** An object literal, also of another realm or without prototype. */
export function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** An instance whose fields are its whole state, as far as the platform can tell. Without any field there is more to say in a text. */
export function isCloneableInstance(value: object): boolean {
  return Object.keys(value).length > 0 && cloneProblem(value) === null;
}

/**
 * A private copy of a value without children (Date, RegExp, boxed primitive, buffer), or null when it is none of these or
 * cannot be copied. Of a view only the part it shows is taken: a small Buffer sits in a pool with other people's bytes.
 */
export function copyLeaf(value: object): object | null {
  try {
    if (types.isDate(value) || types.isRegExp(value) || types.isBoxedPrimitive(value)) return structuredClone(value);
    if (types.isArrayBuffer(value)) return value.slice(0);
    return ArrayBuffer.isView(value) ? copyView(value) : null;
  } catch {
    return null;
  }
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;

function copyView(view: ArrayBufferView): object {
  const bytes = new Uint8Array(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  const name = Reflect.get(typedArray, Symbol.toStringTag, view) as string | undefined;
  const cls = (globalThis as unknown as Record<string, new (buffer: ArrayBuffer) => object>)[name ?? 'DataView'] as typeof Uint8Array;
  return new cls(bytes.buffer);
}
