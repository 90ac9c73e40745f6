/**
 * One way to refuse bad input: what was expected, what came (value and type), and which option or parameter.
 * The errors are Node's own classes with our stable code, as users of the platform expect for bad arguments.
 */
import { inspect } from 'node:util';

export type ArgumentErrorCode = 'OFFLOOP_INVALID_ARGUMENT' | 'OFFLOOP_OUT_OF_RANGE';

/** Shows a value in one short line, with its type: `'x' (string)`, `undefined`, `[Function: f]`. */
export function show(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  const type = typeof value;
  if (type === 'function') return inspect(value, { depth: -1 });
  const text = inspect(value, { depth: 0, breakLength: Infinity, maxArrayLength: 3, maxStringLength: 60 });
  return `${value instanceof Promise ? text.replace(BOOKKEEPING, '') : text} (${type})`;
}

/** What Node's async_hooks note on a promise is nobody's business. */
const BOOKKEEPING = /,?\s*\[Symbol\((?:async_id_symbol|trigger_async_id_symbol|kResourceStore)\)\]: (?:<[^>]*>|[^,}]*?)(?=,|\s*})/g;

/** A value of the wrong type: TypeError with code OFFLOOP_INVALID_ARGUMENT. */
export function wrongType(where: string, expected: string, got: unknown, remedy = ''): TypeError {
  const error = new TypeError(`Expected ${where} to be ${expected}, got ${show(got)}${remedy}`);
  return withCode(error, 'OFFLOOP_INVALID_ARGUMENT');
}

/** A value of the right type that cannot be: RangeError with code OFFLOOP_OUT_OF_RANGE. */
export function outOfRange(where: string, expected: string, got: unknown): RangeError {
  const error = new RangeError(`Expected ${where} to be ${expected}, got ${show(got)}`);
  return withCode(error, 'OFFLOOP_OUT_OF_RANGE');
}

function withCode<E extends Error>(error: E, code: ArgumentErrorCode): E {
  Object.defineProperty(error, 'code', { value: code, enumerable: true, configurable: true, writable: true });
  // The first frame a reader sees should be the call that was refused, not this helper.
  Error.captureStackTrace(error, error instanceof RangeError ? outOfRange : wrongType);
  return error;
}

export function checkFunction(where: string, value: unknown): void {
  if (typeof value === 'function') return;
  if (typeof (value as { then?: unknown } | null | undefined)?.then !== 'function') throw wrongType(where, 'a function', value);
  // In timeout(5, f()) nobody awaits f() any more: were its rejection unhandled, that would end the process before this error is seen.
  if (value instanceof Promise) value.catch(() => {});
  throw wrongType(where, 'a function', value, ': pass () => f(), not f()');
}

export function checkString(where: string, value: unknown): void {
  if (typeof value !== 'string') throw wrongType(where, 'a string', value);
}

export function checkBoolean(where: string, value: unknown): void {
  if (typeof value !== 'boolean') throw wrongType(where, 'a boolean', value);
}

export function checkOneOf(where: string, value: unknown, choices: readonly string[]): void {
  const expected = `one of ${choices.map((c) => `'${c}'`).join(', ')}`;
  if (typeof value !== 'string') throw wrongType(where, expected, value);
  if (!choices.includes(value)) throw outOfRange(where, expected, value);
}

/** A number, not NaN. */
export function checkNumber(where: string, value: unknown, expected = 'a number'): void {
  if (typeof value !== 'number') throw wrongType(where, expected, value);
  if (Number.isNaN(value)) throw outOfRange(where, expected, value);
}

/** Milliseconds: any number but NaN. Negative means "already over", Infinity means "never". */
export function checkDelay(where: string, value: unknown): void {
  checkNumber(where, value, 'a number of milliseconds');
}

/** Milliseconds of a limit, where a negative number would be a mistake. */
export function checkDuration(where: string, value: unknown): void {
  checkNumber(where, value, 'a number of milliseconds, 0 or more');
  if ((value as number) < 0) throw outOfRange(where, 'a number of milliseconds, 0 or more', value);
}

/** A number that is neither NaN nor infinite. */
export function checkFinite(where: string, value: unknown, min: number): void {
  const expected = `a finite number, ${min} or more`;
  checkNumber(where, value, expected);
  if (!Number.isFinite(value) || (value as number) < min) throw outOfRange(where, expected, value);
}

/** A whole number from `min` to `max`; Infinity only where `infinite` allows it. */
export function checkCount(
  where: string,
  value: unknown,
  min: number,
  { infinite = false, max = Infinity }: { infinite?: boolean; max?: number } = {},
): void {
  const expected = `a whole number ${max === Infinity ? `from ${min} up` : `from ${min} to ${max}`}${infinite ? ', or Infinity' : ''}`;
  if (typeof value !== 'number') throw wrongType(where, expected, value);
  const whole = Number.isSafeInteger(value) || (infinite && value === Infinity);
  if (!whole || value < min || value > max) throw outOfRange(where, expected, value);
}

export function checkSignal(where: string, value: unknown): void {
  if (!(value instanceof AbortSignal)) throw wrongType(where, 'an AbortSignal', value);
}

/**
 * Checks that `options` is an object without keys we do not know (a misspelt option would be ignored in silence), and
 * returns a copy of its own properties only, so that a polluted `Object.prototype` sets nothing.
 */
export function ownOptions<O extends object>(where: string, options: unknown, known: readonly (keyof O & string)[]): Partial<O> {
  const own: Partial<O> = Object.create(null) as Partial<O>;
  if (options === undefined) return own;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) throw wrongType(where, 'an object of options', options);
  for (const key of Object.keys(options)) {
    if (!(known as readonly string[]).includes(key)) throw unknownOption(where, key, known);
    const value = (options as O)[key as keyof O];
    if (value !== undefined) own[key as keyof O] = value;
  }
  return own;
}

function unknownOption(where: string, key: string, known: readonly string[]): TypeError {
  const error = new TypeError(`Unknown option ${where}.${key}; known options are ${known.join(', ')}`);
  return withCode(error, 'OFFLOOP_INVALID_ARGUMENT');
}
