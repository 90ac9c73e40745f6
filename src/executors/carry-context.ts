/** AsyncLocalStorage values that go along with a job, and OpenTelemetry's; the worker reads them with the same functions. */
import type { AsyncLocalStorage } from 'node:async_hooks';
import { InvalidStateError, OffloopError } from '../base/errors.ts';
import { checkFunction, checkString, outOfRange, wrongType } from '../base/validate.ts';
import { notCloneable } from '../wire/clone-path.ts';
import type { Carried } from '../wire/protocol.ts';
import { decodeValues, encodeValues } from '../wire/transfer.ts';
import { headersOfTrace, withHeaders } from './telemetry.ts';

/** How a value travels that cannot be cloned, or should not be. */
export interface ContextCodec<T> {
  encode(value: T): unknown;
  decode(data: unknown): T;
}

interface Carrier {
  readonly als: AsyncLocalStorage<unknown>;
  readonly codec: ContextCodec<unknown> | undefined;
}

/** For all copies of the package: the one that runs the worker need not be the one that the user's module imports. */
const key: unique symbol = Symbol.for('offloop.context.v1') as never;
const carriers = ((globalThis as { [key]?: Map<string, Carrier> })[key] ??= new Map<string, Carrier>());

/**
 * Carries the value that `als` has where a job is submitted into the worker: the job runs in it. Call it in a module that both
 * sides import. The value is copied, by `codec` if there is one. Disposing the result ends it.
 */
export function carryContext<T>(name: string, als: AsyncLocalStorage<T>, codec?: ContextCodec<T>): Disposable {
  checkString('name', name);
  if (name === '') throw outOfRange('name', 'a string that is not empty', name);
  if (typeof als?.getStore !== 'function' || typeof als.run !== 'function') throw wrongType('als', 'an AsyncLocalStorage', als);
  if (codec !== undefined) checkCodec(codec);
  const known = carriers.get(name);
  if (known !== undefined && known.als !== als)
    throw new InvalidStateError(`another AsyncLocalStorage is carried as ${JSON.stringify(name)}`);
  const carrier: Carrier = { als, codec };
  carriers.set(name, carrier);
  return {
    [Symbol.dispose]: () => {
      if (carriers.get(name) === carrier) carriers.delete(name);
    },
  };
}

function checkCodec(codec: unknown): void {
  if (typeof codec !== 'object' || codec === null) throw wrongType('codec', 'an object with encode and decode', codec);
  const { encode, decode } = codec as Partial<ContextCodec<unknown>>;
  checkFunction('codec.encode', encode);
  checkFunction('codec.decode', decode);
}

/** The context of this call, with this trace instead of the active one; null when there is nothing to carry. */
export function captureContext(trace?: unknown): Carried | null {
  const headers = headersOfTrace(trace);
  if (carriers.size === 0 && headers === null) return null;
  const values: Record<string, unknown> = {};
  let encoded = false;
  for (const [name, { als, codec }] of carriers) {
    const store = als.getStore();
    if (store === undefined) continue;
    const copy = copyOf(name, codec === undefined ? store : runCodec(name, 'encode', () => codec.encode(store)));
    encoded ||= copy.replaced;
    values[name] = copy.value;
  }
  if (Object.keys(values).length === 0 && headers === null) return null;
  return { values, encoded, ...(headers === null ? {} : { headers }) };
}

/** As it is now: the job may wait long, and who changes the value meanwhile means later jobs. */
function copyOf(name: string, value: unknown): { value: unknown; replaced: boolean } {
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return { value, replaced: false };
  const { values, replaced } = encodeValues([value]);
  try {
    return { value: structuredClone(values[0]), replaced };
  } catch (error) {
    throw notCloneable(value, `the context ${JSON.stringify(name)}`, error);
  }
}

/** Runs `fn` in a context that was carried here. What is not carried on this side is left out. */
export function withContext<R>({ values, encoded, headers }: Carried, fn: () => R): R {
  let run: () => R = headers === undefined ? fn : () => withHeaders(headers, fn);
  for (const [name, value] of Object.entries(values)) {
    const carrier = carriers.get(name);
    if (carrier === undefined) continue;
    const { als, codec } = carrier;
    const data = encoded ? decodeValues([value])[0] : value;
    const store = codec === undefined ? data : runCodec(name, 'decode', () => codec.decode(data));
    const inner = run;
    run = () => als.run(store, inner);
  }
  return run();
}

function runCodec<T>(name: string, verb: string, step: () => T): T {
  try {
    return step();
  } catch (cause) {
    const message = `the codec given to carryContext(${JSON.stringify(name)}, …) failed to ${verb}`;
    throw new OffloopError('OFFLOOP_CODEC_FAILED', message, { cause });
  }
}
