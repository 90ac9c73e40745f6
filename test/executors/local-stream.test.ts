import { describe, expect, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { localStream } from '../../src/executors/local-stream.ts';
import { failure } from '../support/virtual.ts';

const ended: string[] = [];
function* numbers(name = ''): Generator<number> {
  try {
    for (let i = 1; i <= 3; i++) yield i;
  } finally {
    ended.push(name);
  }
}
async function* later(): AsyncGenerator<number> {
  yield* numbers();
}

async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('a local stream', () => {
  it('runs a generator of either kind, or a promise of one', async () => {
    for (const open of [() => numbers(), () => later(), async () => numbers()]) expect(await collect(localStream(open))).toEqual([1, 2, 3]);
  });

  it('ends the generator when it is left, disposed of, or asked in a cancelled scope', async () => {
    ended.length = 0;
    for await (const _ of localStream(() => numbers('left'))) break;
    const disposed = localStream(() => numbers('disposed'));
    await disposed.next();
    await disposed[Symbol.asyncDispose]();
    const cancelled = localStream(() => numbers('cancelled'));
    await cancelled.next();
    const scope = new CancelScope();
    scope.cancel();
    await scope.run(async () => expect(await failure(cancelled.next())).toBeInstanceOf(CancelledError));
    expect(ended).toEqual(['left', 'disposed', 'cancelled']);
  });

  it('of what is no generator says so', async () => {
    expect(await failure(localStream(() => 5).next())).toMatchObject({
      message: expect.stringContaining('to be a generator, got 5') as string,
    });
  });
});
