import * as vm from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { InvalidStateError } from '../../src/base/errors.ts';
import { hasRegisteredClasses, lineageOf, newError, registerClass, registeredFor, registeredNamed } from '../../src/wire/class-registry.ts';

class Money {
  cents = 0;
}

describe('registerClass', () => {
  it('leaves the registry empty until the first class', () => {
    expect(hasRegisteredClasses()).toBe(false);
    expect(registeredFor(new Money())).toBeUndefined();
    registerClass('registry-test/Money', Money);
    expect(hasRegisteredClasses()).toBe(true);
  });

  it('finds a class by name and by instance, and an unregistered subclass by its ancestor', () => {
    class Coin extends Money {}
    expect(registeredNamed('registry-test/Money')?.cls).toBe(Money);
    expect(registeredFor(new Money())?.name).toBe('registry-test/Money');
    expect(registeredFor(new Coin())?.name).toBe('registry-test/Money');
    registerClass('registry-test/Coin', Coin);
    expect(registeredFor(new Coin())?.name).toBe('registry-test/Coin');
  });

  it('does not go by what an object says of itself', () => {
    expect(registeredFor({ constructor: Money, cents: 1 })).toBeUndefined();
    expect(registeredFor(new Proxy(new Money(), {}))).toBeUndefined();
    expect(registeredFor(Money.prototype)).toBeUndefined();
    for (const value of [null, undefined, 1, 'x', Money, Symbol('x')]) expect(registeredFor(value)).toBeUndefined();
    const trap = (): never => {
      throw new Error('trap');
    };
    expect(registeredFor(Object.create(new Proxy({}, { getPrototypeOf: trap })))).toBeUndefined();
  });

  it('names the argument that is wrong, what it expected and what it got', () => {
    const refused =
      (...args: unknown[]) =>
      () =>
        registerClass(...(args as Parameters<typeof registerClass>));
    expect(refused(5, Money)).toThrow('Expected name to be a string, got 5 (number)');
    expect(refused('', Money)).toThrow("Expected name to be a string that is not empty, got '' (string)");
    expect(refused('x', {})).toThrow('Expected cls to be a function, got {} (object)');
    expect(refused('x', () => 1)).toThrow('Expected cls to be a class (it has no prototype)');
    expect(refused('x', Money, 5)).toThrow('Expected codec to be an object with encode and decode, got 5 (number)');
    expect(refused('x', Money, null)).toThrow('Expected codec to be an object with encode and decode, got null');
    expect(refused('x', Money, { encode: () => 1 })).toThrow('Expected codec.decode to be a function, got undefined');
    for (const cls of [Object, Array, Map, Error, TypeError, Uint8Array]) expect(refused('x', cls)).toThrow(/a class of your own/);
    expect(registeredNamed('x')).toBeUndefined();
  });

  it('refuses a name that another class has, and a second name for a class', () => {
    class Other {
      other = 1;
    }
    expect(() => registerClass('registry-test/Money', Other)).toThrow(InvalidStateError);
    expect(() => registerClass('registry-test/Money', Other)).toThrow(/already taken by class Money; choose another name for class Other/);
    expect(() => registerClass('registry-test/Money2', Money)).toThrow(/class Money is already registered as "registry-test\/Money"/);
    expect(registeredNamed('registry-test/Money')?.cls).toBe(Money);
  });

  it('takes the same class again with another codec', () => {
    const codec = { encode: () => 1, decode: () => new Money() };
    registerClass('registry-test/Money', Money, codec);
    expect(registeredFor(new Money())?.codec).toBe(codec);
    registerClass('registry-test/Money', Money);
    expect(registeredFor(new Money())?.codec).toBeUndefined();
  });

  it('takes the class of a module that was evaluated again, and still knows the instances of before', () => {
    const evaluate = () =>
      class Reloaded {
        a = 1;
      };
    const [before, after] = [evaluate(), evaluate()];
    registerClass('registry-test/Reloaded', before);
    registerClass('registry-test/Reloaded', after);
    expect(registeredNamed('registry-test/Reloaded')?.cls).toBe(after);
    expect(registeredFor(new before())?.name).toBe('registry-test/Reloaded');
  });

  it('is shared by every copy of this module in the process', async () => {
    vi.resetModules();
    const copy = await import('../../src/wire/class-registry.ts');
    expect(copy.registerClass).not.toBe(registerClass);
    expect(copy.registeredFor(new Money())?.cls).toBe(Money);
  });
});

describe('the lineage of an error', () => {
  it('names its classes, nearest first, and where each comes from', () => {
    class Mine extends TypeError {}
    registerClass('registry-test/Mine', Mine);
    class Leaf extends Mine {}
    expect(lineageOf(new Leaf())).toEqual([
      { name: 'Leaf', from: 'user' },
      { name: 'Mine', from: 'user', registered: 'registry-test/Mine' },
      { name: 'TypeError', from: 'builtin' },
      { name: 'Error', from: 'builtin' },
    ]);
    expect(lineageOf(new InvalidStateError('x')).map((a) => a.from)).toEqual(['offloop', 'offloop', 'builtin']);
  });

  it('knows the built-in classes of another realm, and is not fooled by a name', () => {
    expect(lineageOf(vm.runInNewContext('new RangeError()') as object)[0]).toEqual({ name: 'RangeError', from: 'builtin' });
    const fake = class RangeError extends Error {};
    expect(lineageOf(new fake())[0]).toEqual({ name: 'RangeError', from: 'user' });
  });

  it('makes an error of the nearest known class without running its constructor', () => {
    const ran = vi.fn<() => void>();
    class Loud extends Error {
      constructor() {
        super();
        ran();
      }
    }
    registerClass('registry-test/Loud', Loud);
    const error = newError([{ name: 'Louder', from: 'user' }, { name: 'Loud', from: 'user', registered: 'registry-test/Loud' }], 'n', 'm'); // prettier-ignore
    expect(error).toBeInstanceOf(Loud);
    expect([error.constructor.name, error.message, ran.mock.calls.length]).toEqual(['Louder', 'm', 0]);
  });

  it('leaves the limit of stack frames as it was', () => {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 7;
    newError([], 'n', 'm');
    expect(Error.stackTraceLimit).toBe(7);
    Error.stackTraceLimit = limit;
    expect(new Error('x').stack).toContain('\n    at ');
  });

  it('ends at an error class when the registered one is none', () => {
    registerClass('registry-test/NoError', class NoError extends Map {});
    expect(newError([{ name: 'NoError', from: 'user', registered: 'registry-test/NoError' }], 'n', 'm')).toBeInstanceOf(Error);
  });
});
