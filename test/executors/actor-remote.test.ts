import { describe, expect, it } from 'vitest';
import { membersOf } from '../../src/executors/actor-remote.ts';
import { Pair } from '../support/actor-pair.ts';

class Parent {
  parental(): string {
    return 'parent';
  }
  overridden(): string {
    return 'old';
  }
}
class Child extends Parent {
  own = 1;
  override overridden(): string {
    return 'new';
  }
  get value(): number {
    return this.own;
  }
  async promised(): Promise<number> {
    return this.own;
  }
  async *streamed(): AsyncGenerator<number> {
    yield this.own;
  }
  *synchronous(): Generator<number> {
    yield 1;
  }
}

it('knows the members of a class and its ancestors, the nearest first', () => {
  expect(Object.fromEntries(membersOf(Child))).toEqual({
    overridden: 'method',
    value: 'property',
    promised: 'async method',
    streamed: 'generator',
    synchronous: 'method',
    parental: 'method',
  });
});

describe('a remote', () => {
  it('has a function for each method, bound to the actor, and a getter for each property', async () => {
    const { remote } = await Pair.of(Child);
    const { parental, overridden } = remote;
    expect(await Promise.all([parental(), overridden(), remote.value, remote.own])).toEqual(['parent', 'new', 1, 1]);
    expect(Object.keys(remote).sort()).toEqual(['overridden', 'parental', 'promised', 'streamed', 'synchronous']);
  });

  it('of a class with a toString of its own calls that one', async () => {
    class Speaking {
      toString(): string {
        return 'from afar';
      }
    }
    const { remote } = await Pair.of(Speaking);
    expect(await (remote.toString() as unknown as Promise<string>)).toBe('from afar');
  });

  it('says when a loop runs over what is no generator', async () => {
    const { remote } = await Pair.of(Child);
    const loop = async (): Promise<void> => {
      for await (const _ of remote.parental() as unknown as AsyncIterable<never>);
    };
    await expect(loop()).rejects.toThrow("Expected what the method returned to be an async generator, got 'parent' (string)");
  });

  it('refuses a synchronous generator as what it is: nothing that can be sent', async () => {
    const { remote } = await Pair.of(Child);
    await expect(remote.synchronous()).rejects.toMatchObject({ code: 'OFFLOOP_NOT_CLONEABLE', path: 'result' });
  });
});
