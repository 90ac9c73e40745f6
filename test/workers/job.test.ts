import { describe, expect, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { ambient } from '../../src/core/scope.ts';
import { sleepForever } from '../../src/core/sleep.ts';
import { shield } from '../../src/core/timeout.ts';
import { ControlBlock } from '../../src/wire/control.ts';
import { checkCancelled, currentJob, JobScope, progress } from '../../workers/job.ts';
import type { PostToLoop } from '../../workers/job.ts';
import { failure } from '../support/virtual.ts';

function makeScope(post: PostToLoop = () => {}): { scope: JobScope; control: ControlBlock } {
  const control = new ControlBlock();
  control.offer(7, 1);
  const scope = new JobScope(1, 'job', 5000, 7, control, post);
  scope.begin();
  return { scope, control };
}

describe('inside a job', () => {
  it('the current job is known, also in scopes and after awaits', async () => {
    const { scope } = makeScope();
    const seen = await ambient.run(scope, () => new CancelScope().run(async () => (await Promise.resolve(), currentJob())));
    expect(seen).toMatchObject({ id: 1, name: 'job', cancelled: false });
    expect(Math.round((seen!.deadline - Date.now()) / 1000)).toBe(5);
  });

  it('checkCancelled throws once the flag is raised, however tight the loop', () => {
    const { scope, control } = makeScope();
    ambient.run(scope, () => {
      checkCancelled();
      control.requestCancel(6);
      checkCancelled(); // it was another job's
      control.requestCancel(7);
      expect(() => checkCancelled()).toThrow(CancelledError);
      expect(() => checkCancelled()).toThrow(CancelledError);
      expect(currentJob()).toMatchObject({ cancelled: true, signal: { aborted: true } });
    });
  });

  it('checkCancelled throws the reason that came with the message', () => {
    const { scope } = makeScope();
    const reason = new CancelledError({ source: 'signal', reason: 'user left' });
    scope.stop(reason);
    expect(() => ambient.run(scope, checkCancelled)).toThrow(reason);
  });

  it('checkCancelled respects a shield: cleanup may run to its end', async () => {
    const { scope, control } = makeScope();
    await ambient.run(scope, async () => {
      control.requestCancel(7);
      await shield(() => checkCancelled());
      expect(() => checkCancelled()).toThrow(CancelledError);
    });
  });

  it('checkCancelled also sees the scopes of the function itself', async () => {
    const { scope } = makeScope();
    const inner = new CancelScope();
    const body = inner.run(() => {
      inner.cancel('own');
      checkCancelled();
    });
    expect(await ambient.run(scope, () => body)).toBe(undefined);
    expect(inner.cancelledCaught).toBe(true);
  });

  it('what waits in our own primitives is cancelled with the job', async () => {
    const { scope } = makeScope();
    const waiting = failure(ambient.run(scope, () => sleepForever()));
    scope.stop(new CancelledError({ source: 'explicit', reason: 'stop' }));
    expect(await waiting).toMatchObject({ reason: 'stop' });
  });

  it('the signal is one and the same, and aborts with the reason', () => {
    const { scope } = makeScope();
    ambient.run(scope, () => {
      const { signal } = currentJob()!;
      expect(currentJob()!.signal).toBe(signal);
      scope.stop(new CancelledError({ source: 'deadline' }));
      expect(signal.reason).toMatchObject({ source: 'deadline' });
    });
  });

  it('progress goes out with its job and its transfer list', () => {
    const posted: unknown[] = [];
    const { scope } = makeScope((message, what, value, transfer) => posted.push([message, what, value, transfer]));
    ambient.run(scope, () => progress({ done: 1 }));
    expect(posted).toEqual([[{ type: 'progress', id: 1, value: { done: 1 } }, 'progress value', { done: 1 }, []]]);
  });
});

describe('outside of a job', () => {
  it('there is no current job, and progress goes nowhere', () => {
    expect(currentJob()).toBe(undefined);
    expect(() => progress(1)).not.toThrow();
  });

  it('checkCancelled looks at the ambient scope, so the same function runs in the loop', async () => {
    checkCancelled();
    const scope = new CancelScope();
    await scope.run(() => {
      checkCancelled();
      scope.cancel();
      checkCancelled();
    });
    expect(scope.cancelledCaught).toBe(true);
  });
});
