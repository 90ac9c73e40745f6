import { describe, expect, it } from 'vitest';
import { CancelledError, ClosedResourceError } from '../../src/base/errors.ts';
import { ambient } from '../../src/core/scope.ts';
import { ControlBlock } from '../../src/wire/control.ts';
import { encodeThrown } from '../../src/wire/error-codec.ts';
import { ERROR, VALUE } from '../../src/wire/protocol.ts';
import type { FromJob } from '../../src/wire/protocol.ts';
import { FarCallbacks } from '../../workers/callback.ts';
import { JobScope } from '../../workers/job.ts';
import { failure } from '../support/virtual.ts';

type Fn = (...args: unknown[]) => Promise<unknown>;
type Call = Extract<FromJob, { type: 'call' }>;

function setUp() {
  const calls: Call[] = [];
  const far = new FarCallbacks('key', { id: 3, name: 'job' }, { postMessage: (m) => void calls.push(structuredClone(m) as Call) });
  const reply = (call: number, kind: number, payload: unknown): void => far.heard({ type: 'reply', id: 3, call, kind, payload });
  return { far, calls, reply, fn: far.revive([{ key: 0 }])[0] as Fn };
}

describe('stand-ins', () => {
  it('are put wherever the arguments say so, one for each callback; the rest stays', () => {
    const { far } = setUp();
    const cyclic: { self?: unknown; at: unknown } = { at: { key: 1 } };
    cyclic.self = cyclic;
    const [a, b, map, set, plain] = far.revive([
      cyclic,
      [{ key: 1 }],
      new Map([['x', { key: 1 }]]),
      new Set([{ key: 2 }]),
      { other: 1 },
    ]) as [typeof cyclic, unknown[], Map<string, unknown>, Set<unknown>, unknown];
    expect([typeof a.at, a.self === a, b[0] === a.at, map.get('x') === a.at, plain]).toEqual(['function', true, true, true, { other: 1 }]);
    expect([...set].map((f) => [typeof f, f === a.at])).toEqual([['function', false]]);
  });

  it('settle with the reply of their call, in whatever order these come', async () => {
    const { calls, fn, reply } = setUp();
    const [one, two] = [fn(1), fn(2)];
    expect(calls).toMatchObject([
      { call: 1, callback: 0, args: [1] },
      { call: 2, args: [2] },
    ]);
    reply(2, VALUE, 'two');
    reply(1, ERROR, encodeThrown(new RangeError('one')));
    reply(1, VALUE, 'again');
    expect(await two).toBe('two');
    expect(await failure(one)).toMatchObject({ name: 'RangeError', stack: expect.stringMatching(/callback\.test\.ts/) as string });
  });

  it('wait no longer than their job: a cancel ends the wait, but does not keep them from calling', async () => {
    const { calls, fn, reply } = setUp();
    const control = new ControlBlock();
    const scope = new JobScope(3, 'job', Infinity, 7, control, () => {});
    const waiting = ambient.run(scope, () => fn('before'));
    scope.stop(new CancelledError());
    expect(await failure(waiting)).toBeInstanceOf(CancelledError);
    reply(1, VALUE, 'too late');
    const after = ambient.run(scope, () => fn('after'));
    reply(2, VALUE, 'heard');
    expect([await after, calls.length]).toEqual(['heard', 2]);
  });

  it('reject when the job is over, without an unhandled rejection for calls that nobody awaits', async () => {
    const { far, calls, fn } = setUp();
    const unheard: unknown[] = [];
    const hear = (error: unknown): void => void unheard.push(error);
    process.on('unhandledRejection', hear);
    const waiting = fn();
    void fn();
    far.end();
    void fn();
    expect(await failure(waiting)).toBeInstanceOf(ClosedResourceError);
    expect(await failure(fn())).toBeInstanceOf(ClosedResourceError);
    await new Promise((resolve) => setTimeout(resolve, 1));
    process.off('unhandledRejection', hear);
    expect([unheard, calls.length]).toEqual([[], 2]);
  });
});
