/** The calls under way: every one settles, whatever happens to the worker, the actor, or the caller's scope. */
import { describe, expect, it, vi } from 'vitest';
import { CancelledError, ClosedResourceError, WorkerDiedError } from '../../src/base/errors.ts';
import { gather } from '../../src/core/gather.ts';
import { run } from '../../src/core/run.ts';
import { here } from '../../src/core/scope.ts';
import { moveOnAfter, timeout } from '../../src/core/timeout.ts';
import { sleep } from '../../src/core/sleep.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { currentJob } from '../../workers/job.ts';
import { Pair } from '../support/actor-pair.ts';

class Thing {
  readonly log: string[] = [];
  open: (() => void) | null = null;
  constructor() {
    made.push(this);
  }
  add(a: number, b: number): number {
    return a + b;
  }
  async wait(name: string): Promise<string> {
    await new Promise<void>((resolve) => (this.open = resolve));
    this.log.push(name);
    return name;
  }
  async untilCancelled(): Promise<void> {
    const { signal, name } = currentJob()!;
    this.log.push(`${name} waits`);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    this.log.push((signal.reason as CancelledError).source);
    throw signal.reason;
  }
  async failsWhenCancelled(): Promise<void> {
    await this.untilCancelled().catch(() => {});
    throw new RangeError('trouble while stopping');
  }
  fail(): never {
    throw new RangeError('no');
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.log.push('disposed');
    heirloom.push(...this.log);
    await Promise.resolve();
  }
}
/** The objects behind the remotes, which live in this process. */
const made: Thing[] = [];
let heirloom: string[] = [];
const outcome = (promise: PromiseLike<unknown>): Promise<unknown> => Promise.resolve(promise).catch((error: unknown) => error);

describe('a call', () => {
  it('keeps the process alive while it is under way, and no longer', async () => {
    const { remote, alive } = await Pair.of(Thing);
    alive.length = 0;
    await gather([remote.add(1, 2), remote.add(3, 4)]);
    expect(alive).toEqual([true, false]);
  });

  it('is work outside the loop for a virtual clock', async () => {
    const { remote } = await Pair.of(Thing);
    const { runtime } = here();
    const before = runtime.external;
    const call = remote.add(1, 2);
    expect(runtime.external).toBe(before + 1);
    await call;
    expect(runtime.external).toBe(before);
  });

  it('is a checkpoint: in a cancelled scope nothing is sent', async () => {
    const pair = await Pair.of(Thing);
    const error = await run(async () => {
      const scope = new CancelScope();
      let caught: unknown;
      await scope.run(async () => {
        scope.cancel();
        caught = await outcome(pair.remote.wait('never'));
      });
      return caught;
    });
    expect(error).toBeInstanceOf(CancelledError);
    expect(pair.link.toString()).toBe('<actor Thing: 0 calls under way>');
  });
});

describe('cancelling a call', () => {
  it('ends it at once and asks the method to stop; the object lives on', async () => {
    const { remote } = await Pair.of(Thing);
    const done = await run(() => moveOnAfter(5, async () => (await remote.untilCancelled(), 'done')));
    expect(done).toBeUndefined();
    await vi.waitFor(async () => expect(await remote.log).toEqual(['untilCancelled waits', 'deadline']));
    expect(await remote.add(1, 2)).toBe(3);
  });

  it('drops the result of a method that does not listen', async () => {
    const { remote, link } = await Pair.of(Thing);
    await expect(run(() => timeout(5, () => remote.wait('ignored')))).rejects.toThrow('Timed out');
    const again = remote.add(2, 2);
    expect([await again, link.toString()]).toEqual([4, '<actor Thing: 0 calls under way>']);
  });

  it('reports an error that comes instead of the end', async () => {
    const reports: unknown[] = [];
    await run(
      async () => {
        const { remote } = await Pair.of(Thing);
        await moveOnAfter(5, () => remote.failsWhenCancelled());
        await vi.waitFor(() => expect(reports).toHaveLength(1));
      },
      { exceptionHandler: (context) => reports.push(context) },
    );
    expect(reports).toMatchObject([
      { message: 'Thing.failsWhenCancelled() failed while it was being cancelled', error: new RangeError('trouble while stopping') },
    ]);
  });
});

describe('when the worker dies', () => {
  it('every call under way fails, each with an error of its own that names it (127, 137)', async () => {
    const { remote, die } = await Pair.of(Thing);
    const calls = [outcome(remote.wait('a')), outcome(remote.untilCancelled())];
    die({ why: 'out-of-memory' });
    const errors = await Promise.all(calls);
    expect(errors.map((e) => e instanceof WorkerDiedError)).toEqual([true, true]);
    expect(errors).toMatchObject([{ job: 'wait', why: 'out-of-memory', exitCode: 1 }, { job: 'untilCancelled' }]);
    expect((errors[0] as Error).message).toBe(
      'The worker of actor Thing died, so wait() has no answer: the worker ran out of memory (see resourceLimits)',
    );
    expect((errors[0] as Error).stack).toContain('actor-link.test.ts');
  });

  it('every later call fails too, and release() has nothing to do (137)', async () => {
    const { remote, die, link } = await Pair.of(Thing);
    const running = outcome(remote.wait('a'));
    die({ exitCode: 3 });
    await running;
    await expect(remote.add(1, 2)).rejects.toMatchObject({ job: 'add', why: 'exit', exitCode: 3 });
    expect(link.toString()).toBe('<actor Thing: dead>');
    await remote[Symbol.asyncDispose]();
  });

  it('between calls it is reported, because nobody waits for it', async () => {
    const reports: unknown[] = [];
    const exceptionHandler = (context: unknown): void => void reports.push(context);
    await run(async () => (await Pair.of(Thing)).die({ why: 'uncaught', cause: new RangeError('stray') }), { exceptionHandler });
    expect(reports).toMatchObject([{ message: expect.stringContaining('died between calls'), error: new RangeError('stray') }]);
  });
});

describe('release', () => {
  it('waits for the calls under way, disposes of the object, ends the worker; once (99)', async () => {
    heirloom = [];
    const pair = await Pair.of(Thing);
    const { remote } = pair;
    const call = remote.wait('last');
    const released = [remote[Symbol.asyncDispose](), remote[Symbol.asyncDispose]()];
    await expect(remote.add(1, 2)).rejects.toThrow(new ClosedResourceError('Thing.add() came too late: the actor was released'));
    await sleep(5);
    expect([heirloom, pair.terminated]).toEqual([[], 0]);
    made.at(-1)!.open!();
    expect(await call).toBe('last');
    await Promise.all(released);
    expect([heirloom, pair.terminated]).toEqual([['last', 'disposed'], 1]);
  });

  it('works in a cancelled scope', async () => {
    heirloom = [];
    const pair = await Pair.of(Thing);
    await run(async () => {
      const scope = new CancelScope();
      await scope.run(async () => {
        scope.cancel();
        await pair.remote[Symbol.asyncDispose]();
      });
    });
    expect([heirloom, pair.terminated]).toEqual([['disposed'], 1]);
  });

  it('gives a cancelled call time to stop first', async () => {
    heirloom = [];
    const { remote } = await Pair.of(Thing);
    await run(() => moveOnAfter(5, () => remote.untilCancelled()));
    await remote[Symbol.asyncDispose]();
    expect(heirloom).toEqual(['untilCancelled waits', 'deadline', 'disposed']);
  });

  it('does not wait for ever for one that does not: the worker is killed, and the error says what was lost', async () => {
    heirloom = [];
    const pair = await Pair.of(Thing);
    await run(() => moveOnAfter(5, () => pair.remote.wait('stuck')));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const released = outcome(pair.link.release());
      await new Promise((resolve) => setImmediate(resolve));
      await vi.advanceTimersByTimeAsync(1000);
      expect(await released).toMatchObject({
        why: 'terminated',
        job: 'wait',
        message: expect.stringContaining('did not stop within 1000 ms'),
      });
      expect([heirloom, pair.terminated]).toEqual([[], 1]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('the end of run()', () => {
  it('cancels what is under way and releases what was not', async () => {
    heirloom = [];
    const { pair, call } = await run(async () => {
      const pair = await Pair.of(Thing);
      return { pair, call: outcome(pair.remote.untilCancelled()) };
    });
    expect(await call).toBeInstanceOf(CancelledError);
    expect([heirloom, pair.terminated]).toEqual([['untilCancelled waits', 'shutdown', 'disposed'], 1]);
  });
});
