/** Functions with an address: defined here, run in a worker that imports the same module. */
import { basename } from 'node:path';
import { checkString, ownOptions, wrongType } from '../base/validate.ts';
import { markOffloaded } from './callable.ts';
import { submitTo } from './default-executor.ts';
import type { Executor, OffloadedFn, SubmitOptions } from './executor.ts';
import { ExportedFunction } from './exported.ts';
import { defaults, openStream } from './open-stream.ts';
import { splitExecutor } from './options.ts';
import { fingerprint, register } from './registry.ts';
import { resolveModule } from './module-url.ts';

type Fn = (...args: never[]) => unknown;

/**
 * Gives `fn` an address, so that a worker can find it: `export const resize = offload(import.meta, (img, width) => …)`.
 * Calling the result runs it off the loop. The worker imports this module, so the module must not do other work when imported.
 * Functions are found by `name`, or by the order in which the module defines them.
 *
 * - Throws: TypeError for what is no function, no `import.meta`, or bad options; InvalidStateError for a name that is taken in this module.
 */
export function offload<F extends (...a: any[]) => unknown>(meta: ImportMeta, fn: F, options?: { name?: string }): OffloadedFn<F> {
  const o = ownOptions<{ name: string }>('options', options, ['name']);
  if (o.name !== undefined) checkString('options.name', o.name);
  const address = register(meta, fn, o.name);
  const name = o.name ?? (fn.name || `${fileOf(address.module)}${address.export}`);
  const make = isGenerator(fn) ? streaming : callable;
  return make({ ...address, fingerprint: fingerprint(fn) }, name, fn) as unknown as OffloadedFn<F>;
}

function isGenerator(fn: Fn): boolean {
  return ((fn as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? '').includes('Generator');
}

function fileOf(url: string): string {
  return basename(url.replace(/[?#].*$/, ''));
}

/**
 * Every exported function of a plain module, which need not know offloop:
 * `fromModule<typeof import('./heavy.ts')>(new URL('./heavy.ts', import.meta.url))`.
 */
export function fromModule<M extends object>(url: URL | string): FromModule<M> {
  const module = resolveModule(url);
  const made = new Map<string, unknown>();
  return new Proxy(Object.create(null) as object, {
    get(_target, key) {
      if (typeof key !== 'string' || key === 'then') return undefined; // not a promise, whoever awaits it
      if (!made.has(key)) made.set(key, exported({ module, export: key, fingerprint: undefined }, key, importing(module, key)));
      return made.get(key);
    },
    has: (_target, key) => typeof key === 'string' && key !== 'then',
  }) as FromModule<M>;
}

export type FromModule<M extends object> = {
  readonly [K in keyof M as M[K] extends (...a: never[]) => unknown ? K : never]: M[K] extends (...a: never[]) => unknown
    ? OffloadedFn<M[K]>
    : never;
};

/** The function itself, for `local` and inside a worker: imports the module here. */
function importing(module: string, name: string): Fn {
  return async (...args: never[]) => {
    const ns = (await import(module)) as Record<string, unknown> & { default?: Record<string, unknown> };
    const fn = ns[name] ?? ns.default?.[name];
    if (typeof fn !== 'function') throw wrongType(`export '${name}' of ${module}`, 'a function', fn);
    return (fn as Fn)(...args);
  };
}

interface Address {
  readonly module: string;
  readonly export: string;
  readonly fingerprint: string | undefined;
}

function streaming(address: Address, name: string, local: Fn): Fn {
  const call = (...args: unknown[]): unknown => openStream({ ...defaults, fn: call, local, args });
  const withOptions = (o: SubmitOptions & { executor?: Executor; highWaterMark?: number }): unknown => {
    const { executor = null, settings: options, highWaterMark } = splitExecutor(o, true);
    return (...args: unknown[]): unknown => openStream({ executor, options, highWaterMark, fn: call, local, args });
  };
  return addressed(call, address, name, { with: withOptions, local });
}

function callable(address: Address, name: string, local: Fn): Fn {
  const call = (...args: unknown[]): unknown => submitTo(null, call, call, local, args);
  const withOptions = (options: SubmitOptions & { executor?: Executor }): unknown => {
    const { executor, settings } = splitExecutor(options);
    const configured = (...args: unknown[]): unknown => submitTo(executor ?? null, configured, call, local, args, settings);
    return configured;
  };
  return addressed(call, address, name, { with: withOptions, local });
}

function exported(address: Address, name: string, local: Fn): Fn {
  const call = (...args: unknown[]): unknown => fn.call(call, args);
  const fn = new ExportedFunction(call, local);
  const withOptions = (o: SubmitOptions & { executor?: Executor; highWaterMark?: number }): unknown => {
    const { executor = null, settings: options, highWaterMark } = splitExecutor(o, true);
    const configured = (...args: unknown[]): unknown => fn.call(configured, args, { executor, options, highWaterMark });
    return configured;
  };
  return addressed(call, address, name, { with: withOptions, local });
}

function addressed(call: Fn, address: Address, name: string, more: object): Fn {
  markOffloaded(call, address, name);
  Object.defineProperty(call, 'name', { value: name });
  return Object.assign(call, more, { module: address.module, export: address.export });
}
