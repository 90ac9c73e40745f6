import { describe, expect, it, vi } from 'vitest';
import { CancelledError, ClosedResourceError } from '../../src/base/errors.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { Pair } from '../support/actor-pair.ts';

class Source {
  made = 0;
  ended = 0;
  async *count(to: number): AsyncGenerator<number> {
    try {
      while (this.made < to) yield ++this.made;
    } finally {
      this.ended++;
    }
  }
  async *fussy(): AsyncGenerator<number> {
    try {
      yield 1;
    } finally {
      await Promise.reject(new RangeError('cannot clean up'));
    }
  }
}

describe('reading', () => {
  it('begins with the first item asked for, like any generator', async () => {
    const { remote } = await Pair.of(Source);
    const stream = remote.count(3);
    expect(await remote.made).toBe(0);
    await stream.next();
    expect(await remote.made).toBe(1);
    expect(await stream.return!()).toEqual({ value: undefined, done: true });
    expect(await remote.ended).toBe(1);
  });

  it('takes few messages for many items, and runs ahead by 64 at most', async () => {
    const { remote, near } = await Pair.of(Source);
    const post = vi.spyOn(near, 'postMessage');
    let seen = 0;
    let ahead = 0;
    for await (const n of remote.count(1000)) {
      expect(n).toBe(++seen);
      if (seen % 100 === 50) ahead = Math.max(ahead, (await remote.made) - seen);
    }
    expect([seen, ahead <= 64, post.mock.calls.length < 60]).toEqual([1000, true, true]);
  });
});

describe('leaving early', () => {
  it('throws what the generator throws while it cleans up', async () => {
    const { remote } = await Pair.of(Source);
    const loop = async (): Promise<void> => {
      for await (const _ of remote.fussy()) break;
    };
    await expect(loop()).rejects.toThrow(new RangeError('cannot clean up'));
  });

  it('in a cancelled scope closes the generator without waiting for it', async () => {
    const { remote } = await Pair.of(Source);
    let caught: unknown;
    await new CancelScope().run(async (scope) => {
      const stream = remote.count(9);
      await stream.next();
      scope.cancel();
      caught = await stream.next().catch((error: unknown) => error);
    });
    expect(caught).toBeInstanceOf(CancelledError);
    await vi.waitFor(async () => expect(await remote.ended).toBe(1));
  });

  it('of an actor that is released says so', async () => {
    const { remote } = await Pair.of(Source);
    const stream = remote.count(9);
    await stream.next();
    await remote[Symbol.asyncDispose]();
    await expect(stream.next()).rejects.toBeInstanceOf(ClosedResourceError);
  });
});
