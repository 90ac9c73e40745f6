/**
 * From a reference to the function: imports the user's module in this worker and finds what was meant.
 *
 * One module is loaded at a time: `run()` cannot say which import it was reached by, and the watch over the main file
 * replaces globals. A module that failed stays failed in this worker, because Node caches it, and so do we: it is evaluated
 * once. Only a new worker can load a corrected file, so the runner recycles the worker after a LoadFailure.
 */
import { fileURLToPath } from 'node:url';
import { FunctionNotFoundError } from '../src/base/errors.ts';
import { resolveModule } from '../src/executors/module-url.ts';
import { checkFingerprint, lookup, registeredExports } from '../src/executors/registry.ts';
import type { FunctionAddress } from '../src/executors/registry.ts';
import { enterWorker } from '../src/executors/worker-state.ts';
import { importModule } from './import-module.ts';
import { sideEffectWarning, watchImport } from './main-file.ts';

/** The module threw, is no valid code, or misses a file. The worker that tried is of no use for it any more. */
export class LoadFailure extends Error {
  /** As in WorkerDiedError. */
  readonly why = 'load-failed' as const;
  readonly url: string;

  constructor(url: string, cause: unknown) {
    super(`Cannot load ${url}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'LoadFailure';
    this.url = url;
  }
}

export interface LoadedModule {
  readonly url: string;
  /** Undefined while the import waits for a `run()` that will never return, as in a program of a single file. */
  readonly namespace: Readonly<Record<string, unknown>> | undefined;
}

export interface FunctionReference extends FunctionAddress {
  readonly fingerprint?: string | undefined;
}

export type AnyFunction = (...args: unknown[]) => unknown;

/** Milliseconds that a function has to appear after `run()` was reached. */
const grace = 1000;
/** Milliseconds after which an import is worth a word. There is no limit: a module may read a large model. */
const patience = 10_000;
const loads = new Map<string, Promise<LoadedModule>>();
const functions = new Map<string, Promise<AnyFunction>>();
let lastLoad: Promise<unknown> = Promise.resolve();

/**
 * Imports a module once per worker. Resolves when the import is over, or when `run()` was reached and so the import will
 * never be over. Rejects with LoadFailure.
 */
export function loadModule(url: string): Promise<LoadedModule> {
  const module = resolveModule(url);
  const known = loads.get(module);
  if (known !== undefined) return known;
  const loading = lastLoad.then(() => load(module));
  loads.set(module, loading);
  lastLoad = loading.catch(() => {});
  return loading;
}

/**
 * Loads the module of a function; where `run()` keeps the import from ending, until the function is registered.
 * Rejects with LoadFailure, or after a second with FunctionNotFoundError when the function does not appear.
 */
export async function loadFunction(module: string, exportName: string): Promise<LoadedModule> {
  const loaded = await loadModule(module);
  for (let waited = 0; loaded.namespace === undefined && lookup(module, exportName) === undefined; waited += 10) {
    if (waited >= grace) throw neverDefined(module, exportName);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return loaded;
}

/** The plain function behind a reference, found once per worker. Rejects with LoadFailure or FunctionNotFoundError. */
export function findFunction(ref: FunctionReference): Promise<AnyFunction> {
  const key = `${ref.module}\0${ref.export}\0${ref.fingerprint ?? ''}`;
  const known = functions.get(key);
  if (known !== undefined) return known;
  const finding = find({ ...ref, module: resolveModule(ref.module) });
  functions.set(key, finding);
  finding.catch(() => functions.delete(key));
  return finding;
}

async function load(url: string): Promise<LoadedModule> {
  const state = enterWorker();
  const loaded: { url: string; namespace: LoadedModule['namespace'] } = { url, namespace: undefined };
  const importIt = (): Promise<void> =>
    new Promise((resolve, reject) => {
      state.runReached = resolve;
      void importModule(url).then(({ namespace }) => resolve(void (loaded.namespace = namespace)), reject);
    });
  state.loading++;
  const tooLong = setTimeout(() => state.warn(url, stillLoading(url)), patience).unref();
  try {
    const { sideEffects } = await watchImport(url, importIt);
    if (sideEffects.length > 0) warnAbout(fileURLToPath(url), sideEffects);
  } catch (error) {
    throw new LoadFailure(url, error);
  } finally {
    clearTimeout(tooLong);
    state.loading--;
    state.runReached = undefined;
  }
  return loaded;
}

function warnAbout(file: string, sideEffects: readonly string[]): void {
  enterWorker().warn(file, sideEffectWarning(file, sideEffects));
}

async function find(ref: FunctionReference): Promise<AnyFunction> {
  // It may have been loaded already, as an import of another module. While that is still loading it may not be ready for use.
  const isThere = enterWorker().loading === 0 && lookup(ref.module, ref.export) !== undefined;
  const { namespace } = isThere ? { namespace: undefined } : await loadFunction(ref.module, ref.export);
  const entry = lookup(ref.module, ref.export);
  if (entry !== undefined) {
    checkFingerprint(ref, entry, ref.fingerprint);
    return entry.fn as AnyFunction;
  }
  return exportedFunction(ref, namespace ?? {});
}

/** A function that is no registered one. */
export async function exportedFunction(ref: FunctionReference, namespace: Readonly<Record<string, unknown>>): Promise<AnyFunction> {
  const exported = ref.export.startsWith('#') ? undefined : await awaited(ref.module, exportOf(namespace, ref.export));
  const fn = localOf(exported);
  if (fn === undefined) throw notFound(ref, namespace, exported);
  return fn;
}

/** A module may export a promise of a function, for instance one that compiles WebAssembly first. */
async function awaited(url: string, exported: unknown): Promise<unknown> {
  try {
    return await exported;
  } catch (error) {
    throw new LoadFailure(url, error);
  }
}

/** `exports.x` of CommonJS that Node's scanner missed is on the default export; so is the default of a transpiled module. */
function exportOf(namespace: Readonly<Record<string, unknown>>, name: string): unknown {
  const whole = namespace['default'];
  const inDefault = isObject(whole) && Object.hasOwn(whole, name) ? (whole as Record<string, unknown>)[name] : undefined;
  if (!Object.hasOwn(namespace, name)) return inDefault;
  return name === 'default' && typeof whole !== 'function' ? (inDefault ?? whole) : namespace[name];
}

/** An offloaded function that a plain module exports stands for the function behind it: here is where it runs. */
function localOf(exported: unknown): AnyFunction | undefined {
  if (typeof exported !== 'function') return undefined;
  const { local, module } = exported as { local?: unknown; module?: unknown };
  return typeof local === 'function' && typeof module === 'string' ? (local as AnyFunction) : (exported as AnyFunction);
}

function notFound(ref: FunctionReference, namespace: Readonly<Record<string, unknown>>, exported: unknown): FunctionNotFoundError {
  if (ref.export.startsWith('#')) {
    const count = registeredExports(ref.module).length;
    return new FunctionNotFoundError(
      `${ref.module} has no offloaded function ${ref.export} in a worker, where it defines ${count} of them: ` +
        `call offload() at the top level of the module, always and in the same order, or name the functions: offload(import.meta, fn, { name: '…' })` +
        (count > 0
          ? ''
          : '. If a bundler made that file, it does nothing by itself: make the module of the functions an entry of the bundle'),
    );
  }
  const there = exported === undefined ? 'has no export' : 'exports no function';
  const offloaded = exported === undefined ? ', and offloads no function of that name at its top level' : '';
  const names = functionNames(namespace, ref.module);
  const others = names.length === 0 ? 'it has no functions' : `its functions are ${names.join(', ')}`;
  return new FunctionNotFoundError(`${ref.module} ${there} '${ref.export}'${offloaded}; ${others}`);
}

function functionNames(namespace: Readonly<Record<string, unknown>>, module: string): string[] {
  const whole = namespace['default'];
  const all = { ...(isObject(whole) ? whole : {}), ...namespace } as Record<string, unknown>;
  const exported = Object.keys(all).filter((name) => typeof all[name] === 'function' && name !== 'module.exports');
  return [...new Set([...exported, ...registeredExports(module).filter((name) => !name.startsWith('#'))])].sort();
}

function neverDefined(module: string, exportName: string): FunctionNotFoundError {
  return new FunctionNotFoundError(
    `${module} reached run() before its offloaded function ${exportName} was there, and a worker executes nothing inside run() or after it. ` +
      `Either the function is defined below the call of run(), or inside the function given to run(), or it is a plain export of a file that ` +
      `calls run(), or its module and the program's main file import each other: define the functions above, at the top level, or in a module of their own`,
  );
}

function stillLoading(url: string): string {
  return `${url} has been loading in a worker for ${patience / 1000} seconds: its jobs wait until its top-level await is over`;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
