/**
 * A native call cannot be interrupted: the watchdog's question is heard after it returns, maybe lines later. So the well-known
 * synchronous ones get a shim, which waits for a question that is under way before it returns, with the caller's line on the
 * stack. When nobody asks, that costs one load of a word.
 *
 * RegExp has none: V8 interrupts it anyway, and a patched `RegExp.prototype` would make all of them slow.
 */
import { syncBuiltinESMExports } from 'node:module';
import { builtin } from '../base/late.ts';
import { clock, hub } from './hub.ts';
import type { Hub } from './hub.ts';

type Fn = (this: unknown, ...args: unknown[]) => unknown;
type Host = Record<string, unknown>;

/** Longest wait for a question; V8 brings it within 0.8 ms. */
const PATIENCE = 3;

const modules: readonly [name: string, natives: RegExp][] = [
  ['fs', /Sync$/],
  ['child_process', /Sync$/],
  ['crypto', /Sync$/],
  ['zlib', /Sync$/],
  ['v8', /^(?:de)?serialize$/],
];
const typedArrays = Object.getPrototypeOf(Uint8Array.prototype) as object;
const globals: readonly [label: string, host: object, key: string][] = [
  ['JSON.parse', JSON, 'parse'],
  ['JSON.stringify', JSON, 'stringify'],
  ['Atomics.wait', Atomics, 'wait'],
  ['structuredClone', globalThis, 'structuredClone'],
  ['Array.sort', Array.prototype, 'sort'],
  ['TypedArray.sort', typedArrays, 'sort'],
];

let users = 0;
let undo: (() => void)[] = [];

/** Installed while at least one monitor wants them. The result takes them away again, once. */
export function installShims(): () => void {
  if (users++ === 0) install();
  let mine = true;
  return () => {
    if (!mine) return;
    mine = false;
    if (--users === 0) uninstall();
  };
}

function install(): void {
  const self = hub();
  for (const [label, host, key] of globals) put(self, label, host as Host, key);
  for (const [name, natives] of modules) {
    const module = builtin(`node:${name}`) as object;
    for (const key of Object.keys(module)) if (natives.test(key)) put(self, `${name}.${key}`, module as Host, key);
  }
  syncBuiltinESMExports();
}

function uninstall(): void {
  for (const back of undo) back();
  undo = [];
  syncBuiltinESMExports();
}

function put(self: Hub, label: string, host: Host, key: string): void {
  const found = Object.getOwnPropertyDescriptor(host, key);
  if (found === undefined || found.configurable !== true || typeof found.value !== 'function') return; // frozen, or not there
  const shim = wrap(self, label, found.value as Fn);
  Object.defineProperty(host, key, { ...found, value: shim });
  undo.push(() => {
    // Whoever replaced ours meanwhile keeps it: it only passes the call on when nobody asks.
    if (host[key] === shim) Object.defineProperty(host, key, found);
  });
}

function wrap(self: Hub, label: string, native: Fn): Fn {
  const { pending } = self;
  const shim: Fn = function (...args) {
    const outer = self.native;
    self.native = label;
    try {
      if (pending[0] !== 0) settle(self, true);
      return Reflect.apply(native, this, args);
    } finally {
      if (pending[0] !== 0) settle(self, false);
      self.native = outer;
    }
  };
  for (const key of Reflect.ownKeys(native)) {
    const property = Object.getOwnPropertyDescriptor(native, key);
    if (key !== 'prototype' && property !== undefined) Object.defineProperty(shim, key, property);
  }
  // Frames show it, and `isInShim` looks for it; all of zlib's are called syncBufferWrapper.
  Object.defineProperty(shim, 'name', { value: label.slice(label.lastIndexOf('.') + 1), configurable: true });
  return shim;
}

/** A question from before the call is not about the call: it is answered first. */
function settle(self: Hub, entering: boolean): void {
  self.entering = entering;
  const end = clock() + PATIENCE;
  while (self.pending[0] !== 0 && clock() < end);
  self.entering = false;
}
