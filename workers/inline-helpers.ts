/**
 * What compilers write into a function and expect to find around it. An inline function travels without its surroundings, so
 * the worker brings these along: otherwise whoever runs tsx, an old `target` or a coverage tool would be told about a variable
 * `__name` that they never wrote.
 */

type Dispose = (this: unknown) => unknown;
interface Resource {
  readonly value: unknown;
  readonly dispose: Dispose | undefined;
  readonly isAsync: boolean;
}
interface Failure {
  error: unknown;
  hasError: boolean;
}

/** The helper of this name, or undefined when it is a variable like any other. */
export function helperNamed(name: string): unknown {
  if (/^__name\d*$/.test(name)) return nameIt;
  if (/^cov_\w+$/.test(name)) return uncounted;
  return Object.hasOwn(helpers, name) ? helpers[name] : undefined;
}

/** esbuild, hence tsx: keeps the names of functions. */
function nameIt(target: object, name: string): object {
  return Object.defineProperty(target, 'name', { value: name, configurable: true });
}

/** istanbul: counters of statements, functions and branches. Nobody could collect them here. */
function uncounted(): object {
  const branches = new Proxy({}, { get: () => [] });
  return { s: {}, f: {}, b: branches, bT: branches };
}

/** `using` and `await using`, as esbuild (`stack`) and tsc (`env.stack`) compile them for a Node that does not know them. */
function addResource(stack: Resource[], value: unknown, isAsync: boolean): unknown {
  if (value === null || value === undefined) {
    if (isAsync) stack.push({ value, dispose: undefined, isAsync });
    return value;
  }
  const resource = value as Record<symbol, Dispose | undefined>;
  const known = Symbol as { asyncDispose?: symbol; dispose?: symbol };
  const asyncDispose = isAsync ? resource[known.asyncDispose ?? Symbol.for('Symbol.asyncDispose')] : undefined;
  const dispose = asyncDispose ?? resource[known.dispose ?? Symbol.for('Symbol.dispose')];
  if (typeof dispose !== 'function') throw new TypeError('Object not disposable');
  stack.push({ value, dispose, isAsync });
  return value;
}

/** Newest first; returns a promise as soon as there is an asynchronous one. A second error does not hide the first. */
function disposeAll(stack: Resource[], failure: Failure): Promise<void> | undefined {
  for (let resource = stack.pop(); resource !== undefined; resource = stack.pop()) {
    const { value, dispose, isAsync } = resource;
    try {
      const result = dispose?.call(value);
      if (isAsync) {
        return Promise.resolve(result).then(
          () => disposeAll(stack, failure),
          (error: unknown) => (fail(failure, error), disposeAll(stack, failure)),
        );
      }
    } catch (error) {
      fail(failure, error);
    }
  }
  if (failure.hasError) throw failure.error;
  return undefined;
}

function fail(failure: Failure, error: unknown): void {
  const message = 'An error was suppressed during disposal';
  failure.error = failure.hasError
    ? Object.assign(new Error(message), { name: 'SuppressedError', error, suppressed: failure.error })
    : error;
  failure.hasError = true;
}

/** tsc below ES2017: an async function is a generator that this drives. */
function awaiter(self: unknown, args: unknown, _promise: unknown, body: (...a: unknown[]) => Generator): Promise<unknown> {
  const steps = body.apply(self, (args as unknown[] | undefined) ?? []);
  const step = async (next: IteratorResult<unknown>): Promise<unknown> => {
    while (next.done !== true) {
      let value: unknown;
      try {
        value = await next.value;
      } catch (error) {
        next = steps.throw(error);
        continue;
      }
      next = steps.next(value);
    }
    return next.value;
  };
  return new Promise((resolve) => resolve(step(steps.next())));
}

function rest(from: Record<PropertyKey, unknown>, without: readonly PropertyKey[]): object {
  const skip = new Set(without.map((key) => (typeof key === 'symbol' ? key : String(key))));
  return Object.fromEntries(
    Reflect.ownKeys(from)
      .filter((key) => !skip.has(key) && Object.prototype.propertyIsEnumerable.call(from, key))
      .map((key) => [key, from[key]]),
  );
}

const helpers: Record<string, unknown> = {
  __using: addResource,
  __callDispose: (stack: Resource[], error: unknown, hasError = false) => disposeAll(stack, { error, hasError }),
  __addDisposableResource: (env: { stack: Resource[] }, value: unknown, isAsync: boolean) => addResource(env.stack, value, isAsync),
  __disposeResources: (env: Failure & { stack: Resource[] }) => disposeAll(env.stack, env),
  __awaiter: awaiter,
  __async: (self: unknown, args: unknown, body: (...a: unknown[]) => Generator) => awaiter(self, args, undefined, body),
  __assign: Object.assign,
  __spreadValues: Object.assign,
  __spreadProps: (target: object, from: object) => Object.defineProperties(target, Object.getOwnPropertyDescriptors(from)),
  __rest: rest,
  __objRest: rest,
  __spreadArray: (to: unknown[], from: ArrayLike<unknown>) => to.concat(Array.prototype.slice.call(from)),
  __publicField: (target: object, key: PropertyKey, value: unknown) => {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
    return value;
  },
};
