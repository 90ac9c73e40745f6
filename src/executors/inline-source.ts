/**
 * A plain function on its way to a worker: its source text. What can never work is refused here, where the stack still shows
 * the call; what needs a parser (free variables) is found by the worker, see `workers/inline-function.ts`.
 */
import { checkFunction } from '../base/validate.ts';

export interface InlineSource {
  readonly source: string;
  readonly name: string;
}

const known = new WeakMap<object, InlineSource>();
const modulesAreBetter = 'Put it in a module and offload it there: export const f = offload(import.meta, …)';

/** The source of a function, for `compileInline` in a worker. TypeError for what has none: native and bound functions, classes. */
export function serializeInline(fn: (...args: never[]) => unknown): InlineSource {
  checkFunction('fn', fn);
  const seen = known.get(fn);
  if (seen !== undefined) return seen;
  const source = Function.prototype.toString.call(fn);
  refuse(fn.name, source);
  const made: InlineSource = { source, name: fn.name };
  known.set(fn, made);
  return made;
}

function refuse(name: string, source: string): void {
  const shown = name === '' ? 'An anonymous function' : `'${name}'`;
  if (/\{\s*\[native code\]\s*\}\s*$/.test(source)) {
    const why = name.startsWith('bound ') ? 'is a bound function' : 'is a native or bound function';
    const instead = 'Wrap it in a function that makes the call: (x) => Math.sqrt(x).';
    throw invalid(`${shown} ${why}, which has no source text to send to a worker. ${instead} ${modulesAreBetter}`);
  }
  if (/^class\b/.test(source)) {
    throw invalid(`${shown} is a class; a worker can call functions only. Wrap it: (x) => new Thing(x).work(). ${modulesAreBetter}`);
  }
  if (/^[gs]et(?:\s+(?![=(])|["'`[])/.test(source)) {
    throw invalid(`${shown} is a getter or setter, which a worker cannot call. Wrap it in a function. ${modulesAreBetter}`);
  }
}

function invalid(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: 'OFFLOOP_INVALID_ARGUMENT' });
}
