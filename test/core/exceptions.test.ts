import { afterEach, expect, it, vi } from 'vitest';
import { background } from '../../src/core/background.ts';
import { setExceptionHandler } from '../../src/core/exceptions.ts';
import type { ExceptionContext } from '../../src/core/runtime.ts';
import { refusal, turns, virtually } from '../support/virtual.ts';

afterEach(() => setExceptionHandler(null));

it('the handler of the process hears of errors that have no caller, also outside of a run', async () => {
  const heard: ExceptionContext[] = [];
  setExceptionHandler((ctx) => heard.push(ctx));
  background(() => Promise.reject(new Error('outside')));
  await virtually(async ({ reports }) => {
    background(() => Promise.reject(new Error('inside')));
    await turns(3);
    expect(reports).toEqual([]);
  });
  expect(heard.map((ctx) => (ctx.error as Error).message)).toEqual(['outside', 'inside']);
});

it('null goes back to the handler of the run, else to stderr', async () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  setExceptionHandler(() => {});
  setExceptionHandler(null);
  await virtually(async ({ reports }) => {
    background(() => Promise.reject(new Error('inside')));
    await turns(3);
    expect(reports).toHaveLength(1);
  });
  background(() => Promise.reject(new Error('outside')), { name: 'stray' });
  await turns(3);
  expect(error).toHaveBeenCalledExactlyOnceWith('Task exception was never retrieved in task "stray"', expect.anything());
});

it('a handler that throws does not crash, and the original context is kept (DB-05)', async () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  setExceptionHandler(() => {
    throw new Error('broken handler');
  });
  background(() => Promise.reject(new Error('original')), { name: 'culprit' });
  await turns(3);
  expect(error.mock.calls).toMatchObject([
    ['the exception handler itself threw', { message: 'broken handler' }],
    ['Task exception was never retrieved in task "culprit"', { message: 'original' }],
  ]);
});

it.each([5, 'log', {}, undefined])('what is no function is refused: %j (DB-03)', async (handler) => {
  expect(await refusal(() => setExceptionHandler(handler as never))).toMatch(
    /^TypeError OFFLOOP_INVALID_ARGUMENT: Expected handler to be a function or null, got /,
  );
});
