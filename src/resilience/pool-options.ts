/** What a resource pool is told, and what it makes of it. */
import { checkCount, checkDuration, checkFunction, outOfRange, ownOptions } from '../base/validate.ts';
import type { MaybePromise } from '../core/task.ts';

export interface ResourcePoolOptions<R> {
  /** Makes a resource. Its error goes to whoever is first in line; the next attempt waits, from 50 ms up to 5 s. */
  create: () => MaybePromise<R>;
  /** Ends a resource that is broken, worn out or no longer needed. An error goes to the exception handler. */
  destroy?: (r: R) => MaybePromise<void>;
  /** Asked before a resource is lent again: false, or an error (say, of a time limit inside), has it destroyed and the next one tried. */
  validate?: (r: R) => MaybePromise<boolean>;
  /** How many there are at most, including those that are being created or destroyed. */
  max: number;
  /** How many are kept though nobody needs them, from the first `acquire` on. Default 0. */
  min?: number;
  /** Milliseconds after which an idle resource above `min` is destroyed. Default 30,000; Infinity: never. */
  idleTimeout?: number;
  /** Milliseconds from its creation after which a resource is not lent again. Default Infinity. */
  maxLifetime?: number;
  /** Milliseconds that `acquire` waits at most. Default Infinity. */
  acquireTimeout?: number;
}

type Named = 'create' | 'destroy' | 'validate';
export type PoolSettings<R> = Readonly<Required<Omit<ResourcePoolOptions<R>, Named>>> & {
  readonly create: ResourcePoolOptions<R>['create'];
  readonly destroy: ResourcePoolOptions<R>['destroy'] | undefined;
  readonly validate: ResourcePoolOptions<R>['validate'] | undefined;
};

const names = ['create', 'destroy', 'validate', 'max', 'min', 'idleTimeout', 'maxLifetime', 'acquireTimeout'] as const;

export function resolvePool<R>(options: ResourcePoolOptions<R>): PoolSettings<R> {
  const o = ownOptions<ResourcePoolOptions<R>>('options', options, names);
  checkFunction('options.create', o.create);
  checkCount('options.max', o.max, 1);
  for (const name of ['destroy', 'validate'] as const) if (o[name] !== undefined) checkFunction(`options.${name}`, o[name]);
  for (const name of ['idleTimeout', 'maxLifetime', 'acquireTimeout'] as const) {
    if (o[name] !== undefined) checkDuration(`options.${name}`, o[name]);
  }
  const [max, min] = [o.max as number, o.min ?? 0];
  checkCount('options.min', min, 0);
  if (min > max) throw outOfRange('options.min', `at most options.max (${max})`, min);
  return {
    create: o.create as PoolSettings<R>['create'],
    destroy: o.destroy,
    validate: o.validate,
    max,
    min,
    idleTimeout: o.idleTimeout ?? 30_000,
    maxLifetime: o.maxLifetime ?? Infinity,
    acquireTimeout: o.acquireTimeout ?? Infinity,
  };
}
