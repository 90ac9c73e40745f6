/** The far side of a stream without a worker around it. */
import { describe, expect, it, vi } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { ambient } from '../../src/core/scope.ts';
import { ControlBlock } from '../../src/wire/control.ts';
import { JobScope } from '../../workers/job.ts';
import { Producer } from '../../workers/stream.ts';
import { failure } from '../support/virtual.ts';

function setUp(credit: number, makeGenerator: () => unknown) {
  const control = new ControlBlock();
  control.offer(7, 1);
  const scope = new JobScope(1, 'job', Infinity, 7, control, () => {});
  const batches: unknown[][] = [];
  const post = (message: unknown): void => void batches.push(structuredClone((message as { items: unknown[] }).items));
  const producer = new Producer(credit, scope, { postMessage: post });
  const end = ambient.run(scope, () => producer.take(makeGenerator())) as Promise<undefined>;
  return { control, scope, batches, producer, end };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** On a loaded machine a producer gives the loop turns of its own in between. Those behind the last item show that no more come. */
async function untilParked(batches: readonly unknown[][], items: number): Promise<void> {
  while (batches.flat().length < items) await turn();
  for (let i = 0; i < 3; i++) await turn();
}
const ended: string[] = [];

function* count(n: number): Generator<number> {
  try {
    for (let i = 1; i <= n; i++) yield i;
  } finally {
    ended.push('sync');
  }
}
async function* countLater(n: number, pause: () => Promise<unknown>): AsyncGenerator<number> {
  try {
    for (let i = 1; i <= n; i++) {
      yield i;
      await pause();
    }
  } finally {
    ended.push('async');
  }
}

describe('a producer', () => {
  it('sends the first item alone, and more and more at a time while they come fast', async () => {
    vi.spyOn(performance, 'now').mockReturnValue(1);
    const { batches, end } = setUp(1000, () => count(40));
    await end;
    expect(batches[0]).toEqual([1]);
    expect(batches.length).toBeLessThan(20);
    expect(batches.flat()).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });

  it('ends a generator whose item cannot be cloned, also when more would follow', async () => {
    ended.length = 0;
    const broken = function* (): Generator {
      try {
        yield () => 'a function'; // the first item goes alone, so the generator is in the middle when it is refused
        yield 2;
      } finally {
        ended.push('broken');
      }
    };
    const { batches, end } = setUp(10, broken);
    expect(await failure(end)).toMatchObject({ code: 'OFFLOOP_NOT_CLONEABLE' });
    expect([batches, ended]).toEqual([[], ['broken']]);
  });

  it('sends what it has when the generator begins to wait', async () => {
    const { batches, producer, end } = setUp(100, () => countLater(4, turn));
    await turn();
    await turn();
    expect(batches.flat().length).toBeGreaterThan(0);
    await end;
    expect([batches.flat(), producer.closing]).toEqual([[1, 2, 3, 4], false]);
  });

  it.each([() => count(9), () => countLater(9, async () => {})])(
    'goes no further than its credit, and on when there is more',
    async (make) => {
      const { batches, producer, end } = setUp(2, make);
      await untilParked(batches, 2);
      expect(batches.flat()).toEqual([1, 2]);
      producer.grant(3);
      await untilParked(batches, 5);
      expect(batches.flat()).toEqual([1, 2, 3, 4, 5]);
      producer.grant(100);
      await end;
      expect(batches.flat()).toHaveLength(9);
    },
  );

  it('passes on what is no generator, and says of one that nobody knew of that it is one', async () => {
    const { producer, batches } = setUp(0, () => count(1));
    expect([producer.take(5), batches]).toEqual([5, [[]]]);
    producer.close();
    await turn();
  });

  it('that is closed while it waits for credit runs the finally, undisturbed by the cancel that follows', async () => {
    ended.length = 0;
    const { producer, scope, batches, end } = setUp(1, () => count(9));
    scope.ties = producer;
    await untilParked(batches, 1);
    producer.close();
    scope.stop(new CancelledError());
    await end;
    expect([ended, scope.effective]).toEqual([['sync'], null]);
  });

  it('that is cancelled runs the finally: while it waits for credit, and at the next yield', async () => {
    ended.length = 0;
    const parked = setUp(1, () => count(9));
    await untilParked(parked.batches, 1);
    parked.scope.stop(new CancelledError());
    expect(await failure(parked.end)).toBeInstanceOf(CancelledError);
    const busy = setUp(1e9, () => countLater(1e9, turn));
    await turn();
    busy.control.requestCancel(7);
    expect(await failure(busy.end)).toBeInstanceOf(CancelledError);
    expect(ended).toEqual(['sync', 'async']);
  });

  it('gives the loop a turn while it works, so that a cancel can arrive', async () => {
    const { end, scope, batches } = setUp(1e9, () => count(1e9));
    while (batches.length <= 10) await turn(); // a producer that gave none would hang this test
    scope.stop(new CancelledError());
    expect(await failure(end)).toBeInstanceOf(CancelledError);
  });
});
