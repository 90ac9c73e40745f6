import { inspect } from 'node:util';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import * as errors from '../../src/base/errors.ts';
import { refusal } from '../support/virtual.ts';

const {
  BrokenBarrierError, BrokenResourceError, BusyResourceError, CancelledError, ClosedResourceError, ExecutorFullError, FreeVariableError,
  FunctionNotFoundError, InvalidStateError, isCancelled, NotCloneableError, OffloopError, QueueEmpty, QueueFull, QueueShutDown,
  TaskGroupError, TimeoutError, WorkerDiedError, WouldBlock,
} = errors; // prettier-ignore

type Everything = [name: string, code: string, cls: abstract new (...a: never[]) => Error, error: Error];
const everything: Everything[] = [
  ['OffloopError', 'OFFLOOP_X', OffloopError, new OffloopError('OFFLOOP_X', 'm')],
  ['CancelledError', 'OFFLOOP_CANCELLED', CancelledError, new CancelledError()],
  ['TimeoutError', 'OFFLOOP_TIMEOUT', TimeoutError, new TimeoutError('m', 5)],
  ['InvalidStateError', 'OFFLOOP_INVALID_STATE', InvalidStateError, new InvalidStateError('m')],
  ['QueueEmpty', 'OFFLOOP_QUEUE_EMPTY', QueueEmpty, new QueueEmpty()],
  ['QueueFull', 'OFFLOOP_QUEUE_FULL', QueueFull, new QueueFull()],
  ['QueueShutDown', 'OFFLOOP_QUEUE_SHUT_DOWN', QueueShutDown, new QueueShutDown()],
  ['BrokenResourceError', 'OFFLOOP_BROKEN_RESOURCE', BrokenResourceError, new BrokenResourceError('m')],
  ['ExecutorFullError', 'OFFLOOP_EXECUTOR_FULL', ExecutorFullError, new ExecutorFullError('m')],
  ['WorkerDiedError', 'OFFLOOP_WORKER_DIED', WorkerDiedError, new WorkerDiedError('m', { job: 'j', why: 'exit' })],
  ['NotCloneableError', 'OFFLOOP_NOT_CLONEABLE', NotCloneableError, new NotCloneableError('m', 'args[0]')],
  ['FunctionNotFoundError', 'OFFLOOP_FUNCTION_NOT_FOUND', FunctionNotFoundError, new FunctionNotFoundError('m')],
  ['FreeVariableError', 'OFFLOOP_FREE_VARIABLE', FreeVariableError, new FreeVariableError('m', ['x'])],
  ['TaskGroupError', 'OFFLOOP_TASK_GROUP', TaskGroupError, new TaskGroupError([1])],
];

describe.each(everything)('%s', (name, code, cls, error) => {
  it('has its name, its code and its class', () => {
    expect(error).toMatchObject({ name, code });
    expect(error).toBeInstanceOf(cls);
    expect(error).toBeInstanceOf(Error);
    expect(inspect(error)).toContain(`${name}: ${error.message}`);
    expect(Object.keys(error)).not.toContain('name');
  });

  it('is no instance of the others, but of its bases', () => {
    const bases: Record<string, string[]> = {
      TaskGroupError: ['TaskGroupError'],
      OffloopError: ['OffloopError'],
      WorkerDiedError: ['OffloopError', 'BrokenResourceError', 'WorkerDiedError'],
      FreeVariableError: ['OffloopError', 'FunctionNotFoundError', 'FreeVariableError'],
    };
    const matching = everything.filter(([, , other]) => error instanceof other).map(([other]) => other);
    expect(matching).toEqual(bases[name] ?? ['OffloopError', name]);
  });

  it('is recognised by another copy of the package', async () => {
    vi.resetModules();
    const copy = (await import('../../src/base/errors.ts')) as unknown as Record<string, typeof cls>;
    expect(copy[name]).not.toBe(cls);
    expect(error).toBeInstanceOf(copy[name]!);
    expect(error instanceof copy['QueueFull']!).toBe(name === 'QueueFull');
  });
});

it('OffloopError is made from a message, as any error; a code of its own comes first', () => {
  const cause = new Error('why');
  expect(new OffloopError('text', { cause })).toMatchObject({ message: 'text', code: 'OFFLOOP_ERROR', cause });
  expect(new OffloopError('OFFLOOP_X')).toMatchObject({ message: 'OFFLOOP_X', code: 'OFFLOOP_ERROR' });
  expect(new OffloopError()).toMatchObject({ message: '', code: 'OFFLOOP_ERROR' });
  expect(new OffloopError('OFFLOOP_X', 'text', { cause })).toMatchObject({ message: 'text', code: 'OFFLOOP_X', cause });
  // @ts-expect-error -- a code starts with OFFLOOP_
  expect(new OffloopError('text', 'more')).toMatchObject({ code: 'text' });
});

it('a class that a user derives is recognised by itself, and its errors by ours', () => {
  class Mine extends BrokenResourceError {}
  const mine = new Mine('m');
  expect(mine).toBeInstanceOf(Mine);
  expect(mine).toBeInstanceOf(BrokenResourceError);
  expect(new BrokenResourceError('m')).not.toBeInstanceOf(Mine);
});

it('nothing that is not an error is an instance', () => {
  for (const value of [undefined, null, 'x', 5, {}, [], () => {}, new Error('m')] as object[]) {
    expect(value instanceof OffloopError).toBe(false);
    expect(value instanceof TaskGroupError).toBe(false);
  }
});

describe('CancelledError', () => {
  it('tells source, reason and who did it, in its fields and in its message', () => {
    const boom = new Error('boom');
    expect(new CancelledError({ source: 'explicit' }).message).toBe('cancelled');
    expect(new CancelledError({ source: 'explicit', reason: 'no longer needed', by: 'main' }).message).toBe('cancelled by "main" (no longer needed)');
    expect(new CancelledError({ source: 'sibling', reason: boom, by: 'fetcher' }).message).toBe('cancelled: a sibling task failed by "fetcher" (boom)');
    expect(new CancelledError({ source: 'deadline' }).message).toBe('cancelled: the deadline passed');
    expect(new CancelledError({ source: 'signal', reason: { some: 'object' } })).toMatchObject({ reason: { some: 'object' }, message: 'cancelled: an AbortSignal was aborted' });
    expect(new CancelledError({ source: 'shutdown' }).message).toBe('cancelled: shutting down');
    expect(new CancelledError({ source: 'body' }).message).toBe('cancelled: the body of the group ended with an error');
  }); // prettier-ignore

  it('has a reason that is an error as its cause', () => {
    const boom = new Error('boom');
    expect(new CancelledError({ source: 'explicit', reason: boom }).cause).toBe(boom);
    expect('cause' in new CancelledError({ source: 'explicit', reason: 'text' })).toBe(false);
  });
});

it('each class can be made as an Error is: with nothing, or with a message', () => {
  const classes = [CancelledError, InvalidStateError, QueueEmpty, QueueFull, QueueShutDown, BrokenBarrierError, WouldBlock];
  for (const cls of [...classes, BrokenResourceError, ClosedResourceError, BusyResourceError, ExecutorFullError]) {
    expect(new cls().message).toMatch(/^\w/);
    expect(new cls('in my words').message).toBe('in my words');
  }
  expect(new CancelledError('in my words')).toMatchObject({ source: 'explicit', reason: undefined, by: undefined });
  const [a, b] = [new Error('a'), new Error('b')];
  expect(new TaskGroupError(new Set([a, b]))).toMatchObject({ errors: [a, b], message: 'unhandled errors in a task group (2)' });
});

describe('isCancelled', () => {
  it('is true for a CancelledError and for the AbortError that one has caused', () => {
    const cancelled = new CancelledError();
    const ours = Object.assign(new Error('aborted', { cause: cancelled }), { name: 'AbortError' });
    const theirs = Object.assign(new Error('aborted', { cause: 'a timeout of their own' }), { name: 'AbortError' });
    expect([cancelled, ours, theirs, new TimeoutError('m', 1, { cause: cancelled }), 'x', null].map((e) => isCancelled(e))).toEqual([true, true, false, false, false, false]); // prettier-ignore
  });

  it('narrows the type', () => {
    const e: unknown = new CancelledError();
    if (isCancelled(e)) expectTypeOf(e).toEqualTypeOf<errors.CancelledError>();
  });
});

it('TimeoutError carries the deadline and the cause', () => {
  const cause = new CancelledError({ source: 'deadline' });
  expect(new TimeoutError('m', 5, { cause })).toMatchObject({ deadline: 5, cause });
});

it('WorkerDiedError says which job, and how the worker died', () => {
  const cause = new Error('inside');
  const full = new WorkerDiedError('m', { job: 'resize', why: 'uncaught', exitCode: 1, signalName: 'SIGKILL', cause });
  expect(full).toMatchObject({ job: 'resize', why: 'uncaught', exitCode: 1, signalName: 'SIGKILL', cause });
  expect(new WorkerDiedError('m', { job: 'j', why: 'exit' })).toMatchObject({ exitCode: null, signalName: null });
  expect('cause' in new WorkerDiedError('m', { job: 'j', why: 'exit' })).toBe(false);
});

describe('TaskGroupError', () => {
  const type = new TypeError('type');
  const range = new RangeError('range');
  const plain = new Error('plain');
  const inner = new TaskGroupError([range, plain], 'inner', { cause: 'why' });
  const outer = new TaskGroupError([type, inner], 'outer');

  it('is an AggregateError whose message counts', () => {
    expect(outer).toBeInstanceOf(AggregateError);
    expect(outer.errors).toEqual([type, inner]);
    expect(new TaskGroupError([1, 2]).message).toBe('unhandled errors in a task group (2)');
  });

  it('leaves() flattens the nesting, depth first, whatever was thrown', () => {
    expect(outer.leaves()).toEqual([type, range, plain]);
    expect(new TaskGroupError([undefined, 'text', new TaskGroupError([null])]).leaves()).toEqual([undefined, 'text', null]);
  });

  it('split() by class keeps the nesting of both parts', () => {
    const [yes, no] = outer.split(RangeError);
    expect(yes?.leaves()).toEqual([range]);
    expect(yes?.errors[0]).toMatchObject({ message: 'inner', cause: 'why', errors: [range] });
    expect(no?.leaves()).toEqual([type, plain]);
    expect(no?.message).toBe('outer');
    expect('cause' in no!).toBe(false);
  });

  it('split() by a function asks for each leaf', () => {
    const asked: unknown[] = [];
    const [yes, no] = outer.split((e) => asked.push(e) > 1);
    expect(asked).toEqual([type, range, plain]);
    expect([yes?.leaves(), no?.leaves()]).toEqual([[range, plain], [type]]);
  });

  it('split() gives null for a part that would be empty', () => {
    expect(outer.split(Error)[1]).toBeNull();
    expect(outer.split(CancelledError)[0]).toBeNull();
    expect(outer.split(Error)[0]?.leaves()).toEqual([type, range, plain]);
  });

  it('split() knows classes of this library by their brand', () => {
    const empty = new QueueEmpty();
    expect(new TaskGroupError([empty, plain]).split(OffloopError)[0]?.leaves()).toEqual([empty]);
  });

  it('split() refuses what is neither a class nor a function', async () => {
    expect(await refusal(() => outer.split('Error' as never))).toBe("TypeError OFFLOOP_INVALID_ARGUMENT: Expected match to be an error class or a function, got 'Error' (string)"); // prettier-ignore
  });
});
