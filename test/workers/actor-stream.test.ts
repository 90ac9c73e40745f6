import { describe, expect, it, vi } from 'vitest';
import { Runtime } from '../../src/core/runtime.ts';
import { ambient, Scope } from '../../src/core/scope.ts';
import { decodeThrown } from '../../src/wire/error-codec.ts';
import { ActorStream, isStream } from '../../workers/actor-stream.ts';

const scope = new Scope(null, new Runtime());
const streamOf = (source: AsyncIterator<unknown>): ActorStream => new ActorStream(source, scope);

async function* upTo(n: number): AsyncGenerator<number> {
  for (let k = 1; k <= n; k++) yield k;
}

/** A thread that was kept from running sends what it has. */
const stopTheClock = (): unknown => vi.spyOn(performance, 'now').mockReturnValue(1);

it('knows a generator from other values', () => {
  expect([isStream(upTo(1)), isStream([1]), isStream(null), isStream({ next: () => 1 }), isStream('text')]).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

describe('a pull', () => {
  it('brings no more than was asked for, and nothing runs ahead', async () => {
    stopTheClock();
    let made = 0;
    async function* counted(): AsyncGenerator<number> {
      for (;;) yield ++made;
    }
    const stream = streamOf(counted());
    expect(await stream.pull(3)).toEqual({ items: [1, 2, 3], end: null });
    expect(made).toBe(3);
    expect(await stream.pull(2)).toEqual({ items: [4, 5], end: null });
  });

  it('says that it was the last', async () => {
    stopTheClock();
    const stream = streamOf(upTo(3));
    expect(await stream.pull(2)).toEqual({ items: [1, 2], end: null });
    expect(await stream.pull(9)).toEqual({ items: [3], end: 'done' });
  });

  it('does not wait for an item that is not there, once it has one; the next pull brings that', async () => {
    let release!: () => void;
    async function* slow(): AsyncGenerator<string> {
      yield 'now';
      await new Promise<void>((resolve) => (release = resolve));
      yield 'later';
    }
    const stream = streamOf(slow());
    expect(await stream.pull(9)).toEqual({ items: ['now'], end: null });
    const next = stream.pull(1);
    release();
    expect(await next).toEqual({ items: ['later'], end: null });
  });

  it('sends what it has when the next items take their time', async () => {
    async function* costly(): AsyncGenerator<number> {
      for (let k = 0; ; k++) {
        const until = performance.now() + 3;
        while (performance.now() < until);
        yield k;
      }
    }
    expect((await streamOf(costly()).pull(64)).items.length).toBeLessThan(5);
  });

  it('brings the items before an error with it', async () => {
    async function* failing(): AsyncGenerator<number> {
      yield 1;
      throw new RangeError('after one');
    }
    const { items, end } = await streamOf(failing()).pull(5);
    expect(items).toEqual([1]);
    expect(decodeThrown((end as { thrown: never }).thrown)).toEqual(new RangeError('after one'));
  });

  it('runs the generator in the scope of its call', async () => {
    async function* scopes(): AsyncGenerator<boolean> {
      yield ambient.getStore() === scope;
    }
    expect((await streamOf(scopes()).pull(1)).items).toEqual([true]);
  });
});

it('closing runs what the generator still has to do', async () => {
  const did: string[] = [];
  async function* careful(): AsyncGenerator<number> {
    try {
      for (;;) yield 1;
    } finally {
      did.push('finally');
    }
  }
  const stream = streamOf(careful());
  await stream.pull(1);
  await stream.close();
  expect(did).toEqual(['finally']);
});
