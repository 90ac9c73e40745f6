import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import { BusyResourceError, CancelledError } from '../../src/base/errors.ts';
import { background } from '../../src/core/background.ts';
import { CancelScope } from '../../src/core/cancel-scope.ts';
import { openSignalReceiver } from '../../src/core/signal-receiver.ts';
import { sleep } from '../../src/core/sleep.ts';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { waitAllTasksBlocked } from '../../src/testing/wait-all-blocked.ts';
import { failure, refusal, virtually } from '../support/virtual.ts';

const send = (...signals: NodeJS.Signals[]): void => signals.forEach((s) => process.emit(s, s));
const listening = (): number => process.listenerCount('SIGHUP') + process.listenerCount('SIGUSR2');

afterEach(() => {
  expect(listening()).toBe(0);
});

describe('openSignalReceiver', () => {
  it('hands out what has come, and what comes later', () =>
    virtually(async () => {
      const receiver = openSignalReceiver('SIGHUP', 'SIGUSR2');
      send('SIGUSR2');
      const seen: NodeJS.Signals[] = [];
      background(() => sleep(10).then(() => send('SIGHUP')));
      for await (const signal of receiver) {
        expectTypeOf(signal).toEqualTypeOf<NodeJS.Signals>();
        seen.push(signal);
        if (seen.length === 2) break;
      }
      expect([seen, await receiver.next()]).toEqual([['SIGUSR2', 'SIGHUP'], { done: true, value: undefined }]);
    }));

  it('listens until it is disposed, once for each kind; twice is once', () => {
    const receiver = openSignalReceiver('SIGHUP', 'SIGHUP', 'SIGUSR2');
    expect(listening()).toBe(2);
    receiver[Symbol.dispose]();
    receiver[Symbol.dispose]();
    expect(listening()).toBe(0);
  });

  it('keeps a signal that comes while nobody asks, once for each kind', () =>
    virtually(async () => {
      const receiver = openSignalReceiver('SIGHUP');
      send('SIGHUP', 'SIGHUP', 'SIGHUP');
      expect((await receiver.next()).value).toBe('SIGHUP');
      expect(await moveOnAfter(5, () => receiver.next())).toBeUndefined();
      receiver[Symbol.dispose]();
    }));

  it('lets kinds take turns, so that none starves another (RU-15)', () =>
    virtually(async () => {
      const receiver = openSignalReceiver('SIGHUP', 'SIGUSR2');
      send('SIGHUP', 'SIGUSR2');
      const seen: unknown[] = [];
      for (let i = 0; i < 4; i++) {
        const { value } = await receiver.next();
        seen.push(value);
        send(value as NodeJS.Signals); // comes again at once
      }
      expect(seen).toEqual(['SIGHUP', 'SIGUSR2', 'SIGHUP', 'SIGUSR2']);
      await receiver.next();
      await receiver.next();
      receiver[Symbol.dispose]();
    }));

  it('stops waiting when cancelled, and loses nothing', () =>
    virtually(async () => {
      const receiver = openSignalReceiver('SIGHUP');
      const waiter = background(() => receiver.next());
      await waitAllTasksBlocked();
      waiter.cancel();
      send('SIGHUP');
      expect(await failure(waiter)).toBeInstanceOf(CancelledError);
      await new CancelScope().run(async (s) => {
        s.cancel();
        expect(await failure(() => receiver.next())).toBeInstanceOf(CancelledError);
      });
      expect((await receiver.next()).value).toBe('SIGHUP');
      receiver[Symbol.dispose]();
    }));

  it('hands a signal to a waiter that is cancelled in the same tick', () =>
    virtually(async () => {
      const receiver = openSignalReceiver('SIGHUP');
      const waiter = background(() => receiver.next());
      await waitAllTasksBlocked();
      send('SIGHUP');
      waiter.cancel();
      expect(await waiter).toEqual({ done: false, value: 'SIGHUP' });
      receiver[Symbol.dispose]();
    }));

  it('ends the wait of whoever waits when it is disposed', () =>
    virtually(async () => {
      const receiver = openSignalReceiver('SIGHUP');
      const waiter = background(() => receiver.next());
      await waitAllTasksBlocked();
      receiver[Symbol.dispose]();
      expect(await waiter).toEqual({ done: true, value: undefined });
    }));

  it('serves one waiter: another gets BusyResourceError', () =>
    virtually(async () => {
      const receiver = openSignalReceiver('SIGHUP');
      const waiter = background(() => receiver.next());
      await waitAllTasksBlocked();
      expect(await failure(() => receiver.next())).toBeInstanceOf(BusyResourceError);
      send('SIGHUP');
      expect((await waiter).value).toBe('SIGHUP');
      receiver[Symbol.dispose]();
    }));

  it('two receivers hear the same signal', () =>
    virtually(async () => {
      const receivers = [openSignalReceiver('SIGHUP'), openSignalReceiver('SIGHUP')];
      send('SIGHUP');
      expect(await Promise.all(receivers.map((r) => r.next()))).toEqual([1, 2].map(() => ({ done: false, value: 'SIGHUP' })));
      for (const r of receivers) r[Symbol.dispose]();
    }));

  it('sends again what was not received when it closes, if nobody else listens', () => {
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
    const other = openSignalReceiver('SIGUSR2');
    const receiver = openSignalReceiver('SIGHUP', 'SIGUSR2');
    process.once('SIGUSR2', () => {});
    send('SIGHUP', 'SIGUSR2');
    receiver[Symbol.dispose]();
    expect(kill.mock.calls).toEqual([[process.pid, 'SIGHUP']]);
    other[Symbol.dispose]();
    expect(kill.mock.calls[1]).toEqual([process.pid, 'SIGUSR2']);
  });
});

it('refuses no signals, and what cannot be caught, and listens to none of them (RU-13)', async () => {
  expect(await refusal(() => openSignalReceiver())).toBe(
    'TypeError OFFLOOP_INVALID_ARGUMENT: Expected signals to be at least one signal name, got undefined',
  );
  expect(await refusal(() => openSignalReceiver('SIGHUP', 'SIGNONE' as never))).toMatch(
    'RangeError OFFLOOP_OUT_OF_RANGE: Expected signals[1]',
  );
  expect(await refusal(() => openSignalReceiver('SIGHUP', 'SIGKILL'))).toMatch('Expected signals[1] to be a signal that can be caught');
  expect(await refusal(() => openSignalReceiver('SIGHUP', 9 as never))).toMatch('TypeError OFFLOOP_INVALID_ARGUMENT: Expected signals[1]');
});

it('refuses to be opened in a worker thread', async () => {
  const url = new URL('../../src/core/signal-receiver.ts', import.meta.url).href;
  const text = `
    const { parentPort } = require('node:worker_threads');
    import('tsx/esm/api').then((tsx) => tsx.register()).then(() => import(${JSON.stringify(url)})).then((m) => m.openSignalReceiver('SIGHUP')).catch((e) => parentPort.postMessage(e.name + ': ' + e.message));`;
  const worker = new Worker(text, { eval: true, execArgv: [] });
  expect(await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))).toBe(
    'InvalidStateError: openSignalReceiver() was called in a worker thread: signals come to the main thread only',
  );
  await worker.terminate();
});
