/** Objects with a state of their own that live in a worker thread of their own. The far side is `workers/actor.ts`. */
import { basename } from 'node:path';
import { checkString, ownOptions, wrongType } from '../base/validate.ts';
import { throwIfCancelled } from '../core/checkpoint.ts';
import { CancelFlags } from '../wire/cancel-flags.ts';
import { ActorLink } from './actor-link.ts';
import { addFields, makeRemote, membersOf } from './actor-remote.ts';
import { ActorThread } from './actor-thread.ts';
import type { PoolOptions } from './executor.ts';
import { checkLimits } from './options.ts';
import { fingerprint, register } from './registry.ts';
import { workerHints } from './worker-flags.ts';

/** An object in another thread: its methods and properties, each by way of a promise. Leaving `await using` releases it. */
export type Remote<T> = {
  [K in keyof T]: T[K] extends (...a: infer A) => infer R
    ? [R] extends [never]
      ? (...a: A) => Promise<never>
      : R extends AsyncGenerator<infer Y, unknown, never>
        ? (...a: A) => AsyncIterableIterator<Y>
        : (...a: A) => Promise<Awaited<R>>
    : Promise<T[K]>;
} & AsyncDisposable;

/** How a worker finds the class, and what the worker may use. */
export interface ActorOptions {
  /** By which workers find the class, instead of the order of definition; and as which it appears in errors. */
  name?: string;
  /** Of the worker. */
  resourceLimits?: PoolOptions['resourceLimits'];
}

/** A class that can be made in a worker of its own. */
export interface Actor<A extends unknown[], T extends object> {
  /**
   * Starts a worker and constructs the object there.
   *
   * - Waits for: the constructor.
   * - On cancel: the worker is ended; then throws.
   * - Order: none; each has a worker of its own.
   * - Throws: what the constructor throws; WorkerDiedError when the worker or the module does not start; NotCloneableError.
   */
  spawn(...args: A): Promise<Remote<T>>;
  /** How a worker finds the class: the URL of its module, and its name or place in it. */
  readonly module: string;
  readonly export: string;
}

/**
 * Gives a class an address, so that a worker can find it: `export const Db = actor(import.meta, class { … })`. Call it at the
 * top level of a module that does no other work when it is imported.
 */
export function actor<A extends unknown[], T extends object>(
  meta: ImportMeta,
  cls: new (...a: A) => T,
  options?: ActorOptions,
): Actor<A, T> {
  checkClass(cls);
  const o = ownOptions<ActorOptions>('options', options, ['name', 'resourceLimits']);
  if (o.name !== undefined) checkString('options.name', o.name);
  const resourceLimits = checkLimits(o.resourceLimits);
  const members = membersOf(cls as never);
  const address = register(meta, cls as never, o.name);
  const name = o.name ?? (cls.name || `${basename(address.module.replace(/[?#].*$/, ''))}${address.export}`);
  const spawn = async (...args: unknown[]): Promise<unknown> => {
    throwIfCancelled();
    const flags = new CancelFlags();
    const link = new ActorLink(name, flags, (died) => new ActorThread({ name, resourceLimits, flags: flags.memory }, died));
    const remote = makeRemote(link, members);
    link.onFields = (fields) => addFields(remote, link, members, fields);
    await link.spawn({ ...address, fingerprint: fingerprint(cls as never), hints: workerHints() }, args, spawn);
    return remote;
  };
  return Object.freeze({ spawn, ...address }) as Actor<A, T>;
}

function checkClass(cls: unknown): void {
  if (typeof cls !== 'function' || !isConstructor(cls)) throw wrongType('cls', 'a class', cls);
}

/** Asks without running it. */
function isConstructor(cls: unknown): boolean {
  try {
    Reflect.construct(Object, [], cls as () => void);
    return true;
  } catch {
    return false;
  }
}
