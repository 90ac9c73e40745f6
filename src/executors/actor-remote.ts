/**
 * An actor as its users see it. It is a plain object with a function for each method and a getter for each property, no Proxy:
 * so it has no `then` that `await` would call, no `toJSON` that a logger would, and what does not exist is undefined.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import { InvalidStateError } from '../base/errors.ts';
import { wrongType } from '../base/validate.ts';
import { ambient, here } from '../core/scope.ts';
import type { Scope } from '../core/scope.ts';
import type { ActorFields } from '../wire/actor-protocol.ts';
import { StreamRef } from './actor-link.ts';
import type { ActorLink } from './actor-link.ts';
import { readStream } from './actor-stream.ts';

export type MemberKind = 'method' | 'async method' | 'generator' | 'property';
type Members = ReadonlyMap<string, MemberKind>;
type Target = Record<string, unknown>;

/** What instances of a class have, as its prototypes tell. Throws for what would not work from afar. */
export function membersOf(cls: new (...a: never[]) => object): Members {
  const members = new Map<string, MemberKind>();
  for (let proto = cls.prototype as object | null; proto !== null && proto !== Object.prototype; proto = parentOf(proto)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(proto))) {
      if (name !== 'constructor' && !members.has(name)) members.set(name, kindOf(value));
    }
  }
  if (members.has('then')) throw wrongType('cls', 'a class without a member named then: `await` would call it', cls);
  return members;
}

const parentOf = (proto: object): object | null => Object.getPrototypeOf(proto) as object | null;

function kindOf(value: unknown): MemberKind {
  if (typeof value !== 'function') return 'property';
  const tag = (value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  if (tag === 'AsyncGeneratorFunction') return 'generator';
  return tag === 'AsyncFunction' ? 'async method' : 'method';
}

export function makeRemote(link: ActorLink, members: Members): object {
  const remote: Target = {};
  define(remote, Symbol.toStringTag, `Remote<${link.name}>`);
  define(remote, inspect.custom, () => link.toString());
  define(remote, Symbol.asyncDispose, () => link.release());
  if (!members.has('toString')) define(remote, 'toString', () => link.toString());
  for (const [name, kind] of members) addMember(remote, link, name, kind);
  return remote;
}

/** Properties that the constructor, or a method, put on the object itself. Those of the class come first, as in any object. */
export function addFields(remote: object, link: ActorLink, members: Members, fields: ActorFields): void {
  for (const [name, isFunction] of Object.entries(fields)) {
    if (name === 'then' || members.has(name)) continue;
    const kind = isFunction ? 'method' : 'property';
    addMember(remote as Target, link, name, kind);
  }
}

function addMember(remote: Target, link: ActorLink, name: string, kind: MemberKind): void {
  if (kind === 'property') {
    const set = (): never => {
      throw new InvalidStateError(
        `${link.name}.${name} cannot be set from here: the object lives in another thread; give it a method for that`,
      );
    };
    // Not enumerable: who looks at all properties (a test's toEqual, a spread) does not mean to send messages.
    Object.defineProperty(remote, name, { get: () => link.ask({ op: 'get', name, what: name, below: set }), set, configurable: true });
  } else {
    const value = { generator, method, 'async method': asyncMethod }[kind](link, name);
    Object.defineProperty(remote, name, { value, enumerable: true, configurable: true, writable: true });
  }
}

function define(remote: object, key: PropertyKey, value: unknown): void {
  Object.defineProperty(remote, key, { value, configurable: true, writable: true });
}

type Method = (...args: unknown[]) => unknown;

function generator(link: ActorLink, name: string): Method {
  const method = (...args: unknown[]): AsyncGenerator<unknown, void, void> => {
    const inContext = AsyncLocalStorage.snapshot(); // that of this call is carried; what cancels is the scope of the consumer
    const open = (scope: Scope): Promise<unknown> =>
      inContext(() => ambient.run(scope, () => link.ask({ op: 'call', name, args, what: name, below: method })));
    return readStream(link, name, async () => (await open(here())) as StreamRef);
  };
  return method;
}

function asyncMethod(link: ActorLink, name: string): Method {
  const method = (...args: unknown[]): Promise<unknown> => call(link, name, args, method);
  return method;
}

function call(link: ActorLink, name: string, args: readonly unknown[], below: Method): Promise<unknown> {
  const answer = link.ask({ op: 'call', name, args, what: name, below });
  return answer.then((value) => (value instanceof StreamRef ? readStream(link, name, () => Promise.resolve(value)) : value));
}

/** A plain method may return a generator of another function, and nobody knows before it has: its promise can be looped over too. */
function method(link: ActorLink, name: string): Method {
  const method = (...args: unknown[]): unknown => Object.setPrototypeOf(call(link, name, args, method), loopable);
  return method;
}

const opened = new WeakMap<object, AsyncGenerator<unknown, void, void>>();

async function* loopOver(promise: PromiseLike<unknown>): AsyncGenerator<unknown, void, void> {
  const result = await promise;
  const stream = result as Partial<AsyncIterable<unknown>> | null | undefined;
  if (typeof stream?.[Symbol.asyncIterator] !== 'function') throw wrongType('what the method returned', 'an async generator', result);
  yield* stream as AsyncIterable<unknown>;
}

function iteratorOf(promise: Promise<unknown>): AsyncGenerator<unknown, void, void> {
  let iterator = opened.get(promise);
  if (iterator === undefined) opened.set(promise, (iterator = loopOver(promise)));
  return iterator;
}

const loopable = {
  __proto__: Promise.prototype,
  [Symbol.asyncIterator](this: Promise<unknown>): unknown {
    return iteratorOf(this);
  },
  next(this: Promise<unknown>): unknown {
    return iteratorOf(this).next();
  },
  return(this: Promise<unknown>): unknown {
    return iteratorOf(this).return();
  },
  throw(this: Promise<unknown>, error: unknown): unknown {
    return iteratorOf(this).throw(error);
  },
};
