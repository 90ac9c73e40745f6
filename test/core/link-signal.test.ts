import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { linkSignal } from '../../src/core/link-signal.ts';
import { Runtime } from '../../src/core/runtime.ts';
import { Scope } from '../../src/core/scope.ts';

const scope = (): Scope => new Scope(null, new Runtime());

it('aborting the signal cancels the scope, with the reason of the signal', () => {
  const controller = new AbortController();
  const s = scope();
  linkSignal(controller.signal, s);
  const boom = new Error('boom');
  controller.abort(boom);
  expect(s.own).toMatchObject({ source: 'signal', reason: boom, cause: boom });
});

it('a signal that is aborted already cancels at once', () => {
  const s = scope();
  linkSignal(AbortSignal.abort('before'), s)();
  expect(s.own).toMatchObject({ source: 'signal', reason: 'before' });
});

it('unlinked, the signal is not listened to any more', () => {
  const controller = new AbortController();
  const s = scope();
  const unlink = linkSignal(controller.signal, s);
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
  unlink();
  unlink();
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  controller.abort();
  expect(s.own).toBeNull();
});
