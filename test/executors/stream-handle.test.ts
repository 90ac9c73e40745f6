import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import type { Stream } from '../../src/executors/stream.ts';
import { StreamHandle } from '../../src/executors/stream-handle.ts';
import { failure } from '../support/virtual.ts';

const fake = () => ({
  next: vi.fn<Stream['next']>(async () => ({ done: false, value: 1 })),
  leave: vi.fn<Stream['leave']>(async () => {}),
  forgotten: vi.fn<Stream['forgotten']>(),
});

describe('a handle', () => {
  it('begins with the first next(), once', async () => {
    const stream = fake();
    const begin = vi.fn<() => Stream>(() => stream as unknown as Stream);
    const handle = new StreamHandle(begin);
    expect(begin).not.toHaveBeenCalled();
    expect(handle[Symbol.asyncIterator]()).toBe(handle);
    await Promise.all([handle.next(), handle.next()]);
    expect([begin.mock.calls.length, stream.next.mock.calls]).toEqual([1, [[handle], [handle]]]);
    await handle[Symbol.asyncDispose]();
    expect(stream.leave).toHaveBeenCalledOnce();
  });

  it('that was left before, or is asked in a cancelled scope, begins nothing', async () => {
    const begin = vi.fn<() => Stream>();
    const left = new StreamHandle(begin);
    expect(await left.return()).toEqual({ done: true, value: undefined });
    expect(await left.next()).toEqual({ done: true, value: undefined });
    const scope = new CancelScope();
    scope.cancel();
    await scope.run(async () => expect(await failure(new StreamHandle(begin).next())).toBeInstanceOf(CancelledError));
    expect(begin).not.toHaveBeenCalled();
  });

  it('that nobody holds any more ends its stream', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const stream = fake();
    await new StreamHandle(() => stream as unknown as Stream).next();
    stream.next.mockClear(); // the calls hold the handle
    await vi.waitFor(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      collect();
      expect(stream.forgotten).toHaveBeenCalledOnce();
    });
  });
});
