/**
 * The functions offered by `offload(import.meta, fn)`, by the URL of their module and the order of their definition. The main
 * side turns a function into an address (`register`), the far side turns the address into the function again (`lookup`).
 *
 * The table lives on `globalThis`, so that duplicate copies of the package in one program agree. Its shape is therefore a
 * contract between versions: add optional fields, or take a new symbol.
 */
import { Module } from 'node:module';
import { FunctionNotFoundError, InvalidStateError } from '../base/errors.ts';
import { checkFunction, checkString, outOfRange, wrongType } from '../base/validate.ts';

/** How a worker, on this or on another machine, finds a function. */
export interface FunctionAddress {
  /** URL of the module that defines it. */
  readonly module: string;
  /** The name given to `offload`, or `#n` by order of definition. */
  readonly export: string;
}

export interface OffloadedEntry {
  readonly fn: (...args: never[]) => unknown;
  readonly fingerprint: string;
}

interface ModuleEntries {
  /** Tells one evaluation of the module from the next: each has an `import.meta` object of its own. */
  readonly meta: object;
  readonly entries: Map<string, OffloadedEntry>;
  unnamed: number;
}

const key = Symbol.for('offloop.offloaded.v1');

function table(): Map<string, ModuleEntries> {
  const host = globalThis as unknown as Record<symbol, Map<string, ModuleEntries> | undefined>;
  return (host[key] ??= new Map<string, ModuleEntries>());
}

/** Queries that the loader adds to the URL of a module it imports once more; the module itself is the same. */
const loaderQuery = /([?&])(?:offloop-tsx|tsx-namespace)(?:=[^&#]*)?(?=[&#]|$)/;

/** The name under which a module is registered. */
export function moduleKey(url: string): string {
  return url.replace(loaderQuery, '$1').replace(/[?&](?=#|$)/, '');
}

/** Adds a function to the registry and returns its address. Definitions without a name are numbered in their order. */
export function register(given: ImportMeta, fn: (...args: never[]) => unknown, name?: string): FunctionAddress {
  const meta = metaOfFile(given);
  const module = moduleKey(meta.url);
  checkFunction('fn', fn);
  if (name !== undefined) checkName(name);
  const list = entriesOf(module, meta);
  const exportName = name ?? `#${list.unnamed++}`;
  if (list.entries.has(exportName)) {
    throw new InvalidStateError(`${module} offloads two functions under the name '${exportName}'; give each its own name`);
  }
  list.entries.set(exportName, { fn, fingerprint: fingerprint(fn) });
  return { module, export: exportName };
}

export function lookup(module: string, exportName: string): OffloadedEntry | undefined {
  return table().get(moduleKey(module))?.entries.get(exportName);
}

/** What a module has offered so far, for error messages. */
export function registeredExports(module: string): string[] {
  return [...(table().get(moduleKey(module))?.entries.keys() ?? [])];
}

/**
 * What can be compared between two loads of one source file by different tools (Node's type stripping, tsx, vitest, tsc):
 * kind, name and number of parameters, never the text. An anonymous default export is named differently by each of them.
 */
export function fingerprint(fn: (...args: never[]) => unknown): string {
  const name = /^(?:default|__vi.*|_default|default_\d+)$/.test(fn.name) ? '' : fn.name;
  return `${kindOf(fn)} ${name}(${fn.length})`;
}

/**
 * The entry must look like the one the caller meant. Only numbered entries can be mixed up, by a module that defines other
 * functions, or in another order, when a worker loads it.
 */
export function checkFingerprint(address: FunctionAddress, entry: OffloadedEntry, expected: string | undefined): void {
  if (expected === undefined || expected === entry.fingerprint || !address.export.startsWith('#')) return;
  throw new FunctionNotFoundError(
    `In the worker, definition ${address.export} of ${address.module} is another function (${entry.fingerprint}) than in the caller (${expected}): ` +
      `the module defines its functions conditionally or in another order there. Name them: offload(import.meta, fn, { name: '…' })`,
  );
}

/** A module that is evaluated again (hot reload, a test runner's reset) counts from the start: another meta, same URL. */
function entriesOf(module: string, meta: object): ModuleEntries {
  const known = table().get(module);
  if (known?.meta === meta) return known;
  const fresh: ModuleEntries = { meta, entries: new Map(), unnamed: 0 };
  table().set(module, fresh);
  return fresh;
}

const commonjs = "take its functions by fromModule(pathToFileURL(require.resolve('./file.js')))";
const esm = 'let it build ES modules (esbuild: format: "esm"; webpack: experiments.outputModule and output.module)';

/**
 * webpack hands out an object over the bundle's own `import.meta`, one for each module, whose URL is that of the source file:
 * it need not be there any more, and a worker that loaded it would run other code than the bundle's.
 */
function metaOfFile(meta: ImportMeta): ImportMeta {
  if (typeof meta !== 'object' || meta === null) throw wrongType('meta', '`import.meta`', meta);
  const isOfWebpack = typeof (meta as { webpack?: unknown }).webpack === 'number';
  const real = isOfWebpack ? (Object.getPrototypeOf(meta) as Partial<ImportMeta> | null) : meta;
  if (typeof real?.url === 'string') return real as ImportMeta;
  if (meta instanceof Module) throw wrongType('meta', `\`import.meta\`; CommonJS has none: ${commonjs}`, meta.constructor);
  throw wrongType('import.meta.url', `the URL of the module; a bundler that emits CommonJS drops it: ${esm}`, real?.url);
}

function checkName(name: string): void {
  checkString('name', name);
  if (name === '' || name.startsWith('#')) throw outOfRange('name', "a name that is not empty and does not begin with '#'", name);
}

function kindOf(fn: object): string {
  const tag = (fn as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? '';
  if (tag === 'AsyncFunction') return 'async';
  if (tag === '' && /^class\b/.test(Function.prototype.toString.call(fn))) return 'class';
  if (tag === 'GeneratorFunction') return 'generator';
  return tag === 'AsyncGeneratorFunction' ? 'async generator' : 'function';
}
