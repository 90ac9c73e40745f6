import { MessagePort } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { resolvePoolOptions } from '../../src/executors/options.ts';
import { ThreadWorker } from '../../src/executors/thread-worker.ts';
import type { PoolOptions } from '../../src/executors/executor.ts';
import { VALUE } from '../../src/wire/protocol.ts';
import type { Hello } from '../../src/wire/protocol.ts';
import { Ear, hello } from '../support/ear.ts';
import { failure } from '../support/virtual.ts';

let ears: Ear<ThreadWorker>[] = [];

function listen(options: PoolOptions = {}, first: Partial<Hello> = {}): Ear<ThreadWorker> {
  const ear = new Ear((listener) => new ThreadWorker(resolvePoolOptions(options, 'Ear'), { ...hello, ...first }, listener));
  ears.push(ear);
  return ear;
}

afterEach(async () => {
  await Promise.all(ears.map((ear) => ear.worker.terminate()));
  ears = [];
});

describe('ThreadWorker', () => {
  it('tells when it is ready, and runs what it is sent, also what was sent before', async () => {
    const ear = listen();
    ear.run('(n) => n + 1', 41);
    await ear.until(() => ear.messages.length === 1);
    expect([ear.messages, ear.worker.control.kept(1)]).toEqual([[[]], 42]); // a plain number stands in shared memory
    await ear.until(() => ear.isReady !== null);
    expect(ear.isReady).toEqual({});
  });

  it('tells why it cannot get ready', async () => {
    const ear = listen({}, { preload: ['file:///nowhere.js'] });
    await ear.until(() => ear.isReady !== null);
    expect(ear.isReady).toHaveProperty('unready');
  });

  it('throws at once what cannot be cloned, and nothing is sent or moved', async () => {
    const ear = listen();
    const bytes = new ArrayBuffer(8);
    const error = await failure(() => ear.worker.send([1, 1, [bytes, () => 0], null], [bytes]));
    expect(error).toMatchObject({ name: 'DataCloneError' });
    expect(bytes.byteLength).toBe(8);
  });

  it('tells once that it died, why, and what it said last', async () => {
    const ear = listen();
    await ear.until(() => ear.isReady !== null);
    ear.run('() => { setImmediate(() => { throw new RangeError("later"); }); return "said"; }');
    await ear.until(() => ear.deaths.length > 0);
    await ear.worker.gone;
    expect(ear.deaths).toHaveLength(1);
    const [death, last] = ear.deaths[0]!;
    expect(death).toMatchObject({ why: 'uncaught', exitCode: 1, signalName: null, cause: { message: 'later' } });
    expect([...ear.messages, ...last]).toEqual([[VALUE, expect.any(Number), 'said']]);
  });

  it('tells the exit code', async () => {
    const ear = listen();
    ear.run('() => process.exit(7)');
    await ear.until(() => ear.deaths.length > 0);
    expect(ear.deaths).toMatchObject([[{ why: 'exit', exitCode: 7 }, []]]);
  });

  it('says nothing more once it is terminated, and is gone then (119)', async () => {
    const ear = listen();
    await ear.until(() => ear.isReady !== null);
    ear.run('() => { for (;;); }');
    while (!ear.worker.control.isRunning(1)) await new Promise((resolve) => setTimeout(resolve, 1));
    await Promise.all([ear.worker.terminate(), ear.worker.terminate(), ear.worker.gone]);
    expect([ear.deaths, ear.messages]).toEqual([[], []]);
    ear.worker.keepAlive(true);
    ear.worker.keepAlive(false);
  });

  it('can be terminated before it has started up (117)', async () => {
    const ear = listen();
    await ear.worker.terminate();
    expect([ear.isReady, ear.deaths]).toEqual([null, []]);
  });

  it('gets no second thread from piscina when it dies', async () => {
    const before = process.listenerCount('exit');
    const ear = listen();
    ear.run('() => process.exit(0)');
    await ear.worker.gone;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([ear.deaths.length, process.listenerCount('exit')]).toEqual([1, before]);
  });

  it('is given up when a message of it cannot be read: nobody knows whose result it was', async () => {
    const on = vi.spyOn(MessagePort.prototype, 'on');
    const ear = listen();
    const [, unreadable] = on.mock.calls.findLast(([event]) => (event as string) === 'messageerror')!;
    await ear.until(() => ear.isReady !== null);
    (unreadable as (error: unknown) => void)(new Error('no memory for it'));
    expect(ear.deaths).toMatchObject([[{ why: 'uncaught', cause: { message: 'no memory for it' } }, []]]);
    await ear.worker.gone;
    expect(ear.deaths).toHaveLength(1);
  });
});
