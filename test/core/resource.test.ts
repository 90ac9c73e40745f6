import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { checkpoint } from '../../src/core/checkpoint.ts';
import { resource } from '../../src/core/resource.ts';
import { now, sleep, sleepForever } from '../../src/core/sleep.ts';
import { currentTask } from '../../src/core/task.ts';
import { moveOnAfter, shield } from '../../src/core/timeout.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

const boom = new Error('boom');
const fail = (): never => {
  throw boom;
};

/** Notes what it does. */
function traced(log: string[]): ReturnType<typeof resource<[name: string], string>> {
  return resource(async function* traced(name: string) {
    log.push(`open ${name}`);
    try {
      yield name.toUpperCase();
    } finally {
      log.push(`close ${name}`);
    }
  });
}

describe('resource', () => {
  it('sets up, runs the body with what was yielded, tears down, and gives the value of the body', async () => {
    const log: string[] = [];
    const opened = traced(log)('a');
    const value = await opened.use(async (name) => {
      expectTypeOf(name).toEqualTypeOf<string>();
      log.push(`body ${name}`);
      await Promise.resolve();
      return 5;
    });
    expectTypeOf(value).toEqualTypeOf<number>();
    expect([value, log]).toEqual([5, ['open a', 'body A', 'close a']]);
  });

  it('may be used again, nested and side by side: each use runs a generator of its own', async () => {
    const log: string[] = [];
    const opened = traced(log)('a');
    await opened.use(() => opened.use(() => {}));
    await Promise.all([opened.use(() => {}), opened.use(() => {})]);
    expect(log.filter((l) => l === 'open a')).toHaveLength(4);
    expect(log.filter((l) => l === 'close a')).toHaveLength(4);
  });

  it('tears down in reverse order', async () => {
    const log: string[] = [];
    const open = traced(log);
    await open('a').use(() => open('b').use(() => {}));
    expect(log).toEqual(['open a', 'open b', 'close b', 'close a']);
  });

  it('does not run the body when the setup throws, nor any teardown', async () => {
    let ran = false;
    const broken = resource(async function* () {
      fail();
      yield 1;
    });
    expect([await failure(() => broken().use(() => (ran = true))), ran]).toEqual([boom, false]);
  });

  it('refuses what is not a generator function or a function', async () => {
    expect(await refusal(() => resource(5 as never))).toMatch('TypeError OFFLOOP_INVALID_ARGUMENT: Expected generator to be a function');
    expect(await refusal(() => resource((async () => {}) as never)().use(() => {}))).toMatch(
      'Expected generator to be an async generator function',
    );
    expect(await refusal(() => traced([])('a').use(5 as never))).toMatch('Expected body to be a function');
  });
});

describe('when the body throws', () => {
  it('the error is thrown at the yield, and comes out when the generator lets it', async () => {
    let seen: unknown;
    const watching = resource(async function* () {
      try {
        yield 1;
      } catch (error) {
        seen = error;
        throw error;
      }
    });
    expect([await failure(() => watching().use(fail)), seen]).toEqual([boom, boom]);
    const log: string[] = [];
    expect([await failure(() => traced(log)('a').use(fail)), log]).toEqual([boom, ['open a', 'close a']]);
  });

  it('a generator that catches it ends it: use resolves with undefined', async () => {
    const forgiving = resource(async function* () {
      try {
        yield 1;
      } catch {
        // forgiven
      }
    });
    expect(await forgiving().use(fail)).toBeUndefined();
  });

  it('an error thrown instead of it has it as its cause, unless it names one itself', async () => {
    const own = new Error('own cause');
    const translating = resource(async function* (options: ErrorOptions | undefined) {
      try {
        yield 1;
      } catch {
        throw new Error('translated', options);
      }
    });
    expect(await failure(() => translating(undefined).use(fail))).toMatchObject({ message: 'translated', cause: boom });
    expect(await failure(() => translating({ cause: own }).use(fail))).toMatchObject({ message: 'translated', cause: own });
    expect(boom).not.toHaveProperty('cause');
  });

  it('with undefined or a string, that is what comes out', async () => {
    for (const thrown of [undefined, 'text']) {
      const body = (): never => {
        throw thrown;
      };
      expect(await failure(() => traced([])('a').use(body))).toBe(thrown);
    }
  });
});

describe('a generator that does not yield once', () => {
  it('never: InvalidStateError, and the body does not run', async () => {
    let ran = false;
    const never = resource(async function* forgotten() {});
    expect(await refusal(() => never().use(() => (ran = true)))).toBe(
      'InvalidStateError OFFLOOP_INVALID_STATE: Generator forgotten did not yield a resource',
    );
    expect(ran).toBe(false);
  });

  it.each([false, true])('twice: InvalidStateError, and its finally blocks still run (body fails: %s)', async (fails) => {
    const log: string[] = [];
    const twice = resource(async function* () {
      try {
        try {
          yield 1;
        } catch {
          log.push('caught');
        }
        yield 2;
      } finally {
        log.push('finally');
      }
    });
    expect(await refusal(() => twice().use(fails ? fail : () => {}))).toBe(
      'InvalidStateError OFFLOOP_INVALID_STATE: The generator yielded more than once',
    );
    expect(log).toEqual(fails ? ['caught', 'finally'] : ['finally']);
  });
});

describe('the teardown', () => {
  it('that throws after a good body fails the use', async () => {
    const broken = resource(async function* () {
      yield 1;
      fail();
    });
    expect(await failure(() => broken().use(() => 5))).toBe(boom);
  });

  it('in a cancelled scope runs; its waits need a shield', () =>
    virtually(async () => {
      const log: string[] = [];
      const connection = resource(async function* () {
        try {
          yield 1;
        } finally {
          log.push('closing');
          await shield(() => sleep(20));
          log.push('closed');
          await checkpoint();
          log.push('never');
        }
      });
      await moveOnAfter(10, () => connection().use(() => sleepForever()));
      expect([log, now()]).toEqual([['closing', 'closed'], 30]);
    }));

  it('that swallows the cancellation does not stop it: the next checkpoint throws', () =>
    virtually(async () => {
      const log: string[] = [];
      const swallowing = resource(async function* () {
        try {
          yield 1;
        } catch (error) {
          log.push((error as Error).name);
        }
      });
      const task = background(async () => {
        log.push(String(await swallowing().use(() => sleepForever())));
        await checkpoint();
      });
      await sleep(5);
      task.cancel();
      await task.wait();
      expect([log, task.state]).toEqual([['CancelledError', 'undefined'], 'cancelled']);
    }));

  it('that is interrupted while it handles an error does not lose that error', () =>
    virtually(async ({ reports }) => {
      const slow = resource(async function* slow() {
        try {
          yield 1;
        } finally {
          await sleep(100);
        }
      });
      expect(await moveOnAfter(10, () => slow().use(fail))).toBeUndefined();
      expect(reports).toEqual([{ message: 'Generator slow was interrupted while it handled an error', error: boom }]);
    }));
});

it('use is a checkpoint: in a cancelled scope nothing is set up', () =>
  virtually(async () => {
    const log: string[] = [];
    await new CancelScope().run(async (s) => {
      s.cancel();
      expect(await failure(() => traced(log)('a').use(() => {}))).toBeInstanceOf(CancelledError);
    });
    expect(log).toEqual([]);
  }));

it('setup, body and teardown run in the task and context of the caller', () =>
  virtually(async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const note = (): void => void seen.push(currentTask()?.name, storage.getStore());
    const noting = resource(async function* () {
      note();
      await sleep(1);
      yield 1;
      await sleep(1);
      note();
    });
    await background(() => storage.run('caller', () => noting().use(note)), { name: 'user' });
    expect(seen).toEqual(['user', 'caller', 'user', 'caller', 'user', 'caller']);
  }));
