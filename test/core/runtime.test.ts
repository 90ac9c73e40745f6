import { describe, expect, it, vi } from 'vitest';
import { realClock } from '../../src/base/clock.ts';
import { setExceptionHandler } from '../../src/core/exceptions.ts';
import { Runtime } from '../../src/core/runtime.ts';
import { MockClock } from '../../src/testing/mock-clock.ts';

describe('a runtime', () => {
  it('has the real clock, unless it is given another one', () => {
    const clock = new MockClock();
    expect([new Runtime().clock, new Runtime({ clock }).clock]).toEqual([realClock, clock]);
  });

  it('tells its clock when it begins and when it ends', () => {
    const clock = new MockClock();
    const [attach, detach] = [vi.spyOn(clock, 'attach'), vi.spyOn(clock, 'detach')];
    const runtime = new Runtime({ clock });
    expect([attach.mock.calls, detach.mock.calls]).toEqual([[[runtime]], []]);
    runtime.end();
    expect(detach.mock.calls).toEqual([[runtime]]);
  });
});

describe('report', () => {
  const boom = new Error('boom');
  const printed = (): unknown[][] => vi.mocked(console.error).mock.calls;

  it('goes to the handler of the run', () => {
    const heard: unknown[] = [];
    new Runtime({ exceptionHandler: (ctx) => heard.push(ctx) }).report({ message: 'm', error: boom });
    expect(heard).toEqual([{ message: 'm', error: boom }]);
  });

  it('goes to the handler of the process, as long as there is one', () => {
    const heard: string[] = [];
    const runtime = new Runtime({ exceptionHandler: () => heard.push('run') });
    setExceptionHandler(() => heard.push('process'));
    runtime.report({ message: 'm' });
    setExceptionHandler(null);
    runtime.report({ message: 'm' });
    expect(heard).toEqual(['process', 'run']);
  });

  it('without a handler is printed, with the name of the task', () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    new Runtime().report({ message: 'it failed', error: boom, task: { name: 'fetcher' } as never });
    new Runtime().report({ message: 'no error' });
    expect(printed()).toEqual([['it failed in task "fetcher"', boom], ['no error']]);
  });

  it('survives a handler that throws, and prints both errors (DB-05)', () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const broken = new Error('broken');
    const runtime = new Runtime({
      exceptionHandler: () => {
        throw broken;
      },
    });
    runtime.report({ message: 'it failed', error: boom });
    expect(printed()).toEqual([
      ['the exception handler itself threw', broken],
      ['it failed', boom],
    ]);
  });

  it('survives an asynchronous handler that rejects, without an unhandled rejection (DB-05)', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const broken = new Error('broken');
    new Runtime({ exceptionHandler: (() => Promise.reject(broken)) as () => void }).report({ message: 'it failed', error: boom });
    await new Promise((resolve) => setImmediate(resolve));
    expect(printed()).toEqual([
      ['the exception handler itself threw', broken],
      ['it failed', boom],
    ]);
  });

  it('survives an error that cannot be printed, and still says what happened (DB-05)', () => {
    vi.spyOn(console, 'error').mockImplementation((...args) => {
      if (args.length > 1) throw new Error('cannot be inspected');
    });
    new Runtime().report({ message: 'it failed', error: boom });
    expect(printed().at(-1)).toEqual(['it failed (its error cannot be printed)']);
  });

  it('survives a stderr that is closed (DB-05)', () => {
    vi.spyOn(console, 'error').mockImplementation(() => {
      throw new Error('EPIPE');
    });
    expect(() => new Runtime().report({ message: 'it failed', error: boom })).not.toThrow();
  });
});
