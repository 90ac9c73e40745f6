import { MessagePort } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { resolvePoolOptions } from '../../src/executors/options.ts';
import { ThreadWorker } from '../../src/executors/thread-worker.ts';
import type { PoolOptions } from '../../src/executors/executor.ts';
import type { WorkerDeath, WorkerListener } from '../../src/executors/worker-handle.ts';
import { VALUE } from '../../src/wire/protocol.ts';
import type { FromWorker, Hello, Ready } from '../../src/wire/protocol.ts';
import { failure } from '../support/virtual.ts';

const hello: Hello = { hints: {}, preload: [], init: undefined, teardown: undefined };

/** A real thread, and all that is heard of it. */
class Ear implements WorkerListener {
  readonly messages: FromWorker[] = [];
  readonly deaths: [WorkerDeath, readonly FromWorker[]][] = [];
  readonly worker: ThreadWorker;
  #changed: () => void = () => {};
  isReady: Ready | null = null;

  constructor(options: PoolOptions = {}, first: Partial<Hello> = {}) {
    this.worker = new ThreadWorker(resolvePoolOptions(options, 'Ear'), { ...hello, ...first }, this);
    this.worker.keepAlive(true);
    ears.push(this);
  }

  ready(ready: Ready): void {
    this.isReady = ready;
    this.#changed();
  }

  message(message: FromWorker): void {
    this.messages.push(message);
    this.#changed();
  }

  died(death: WorkerDeath, last: readonly FromWorker[]): void {
    this.deaths.push([death, last]);
    this.#changed();
  }

  async until(reached: () => boolean): Promise<void> {
    while (!reached()) await new Promise<void>((resolve) => (this.#changed = resolve));
  }

  /** Offers and sends one job of an inline function. */
  run(source: string, ...args: unknown[]): void {
    this.worker.send({ type: 'define', fn: 1, ref: { source, name: 'f' }, name: 'f' }, []);
    this.worker.control.offer(1, 1);
    this.worker.send([1, 1, args, null], []);
  }
}

let ears: Ear[] = [];
afterEach(async () => {
  await Promise.all(ears.map((ear) => ear.worker.terminate()));
  ears = [];
});

describe('ThreadWorker', () => {
  it('tells when it is ready, and runs what it is sent, also what was sent before', async () => {
    const ear = new Ear();
    ear.run('(n) => n + 1', 41);
    await ear.until(() => ear.messages.length === 1);
    expect([ear.messages, ear.worker.control.kept(1)]).toEqual([[[]], 42]); // a plain number stands in shared memory
    await ear.until(() => ear.isReady !== null);
    expect(ear.isReady).toEqual({});
  });

  it('tells why it cannot get ready', async () => {
    const ear = new Ear({}, { preload: ['file:///nowhere.js'] });
    await ear.until(() => ear.isReady !== null);
    expect(ear.isReady).toHaveProperty('unready');
  });

  it('throws at once what cannot be cloned, and nothing is sent or moved', async () => {
    const ear = new Ear();
    const bytes = new ArrayBuffer(8);
    const error = await failure(() => ear.worker.send([1, 1, [bytes, () => 0], null], [bytes]));
    expect(error).toMatchObject({ name: 'DataCloneError' });
    expect(bytes.byteLength).toBe(8);
  });

  it('tells once that it died, why, and what it said last', async () => {
    const ear = new Ear();
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
    const ear = new Ear();
    ear.run('() => process.exit(7)');
    await ear.until(() => ear.deaths.length > 0);
    expect(ear.deaths).toMatchObject([[{ why: 'exit', exitCode: 7 }, []]]);
  });

  it('says nothing more once it is terminated, and is gone then (119)', async () => {
    const ear = new Ear();
    await ear.until(() => ear.isReady !== null);
    ear.run('() => { for (;;); }');
    while (!ear.worker.control.isRunning(1)) await new Promise((resolve) => setTimeout(resolve, 1));
    await Promise.all([ear.worker.terminate(), ear.worker.terminate(), ear.worker.gone]);
    expect([ear.deaths, ear.messages]).toEqual([[], []]);
    ear.worker.keepAlive(true);
    ear.worker.keepAlive(false);
  });

  it('can be terminated before it has started up (117)', async () => {
    const ear = new Ear();
    await ear.worker.terminate();
    expect([ear.isReady, ear.deaths]).toEqual([null, []]);
  });

  it('gets no second thread from piscina when it dies', async () => {
    const before = process.listenerCount('exit');
    const ear = new Ear();
    ear.run('() => process.exit(0)');
    await ear.worker.gone;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([ear.deaths.length, process.listenerCount('exit')]).toEqual([1, before]);
  });

  it('is given up when a message of it cannot be read: nobody knows whose result it was', async () => {
    const on = vi.spyOn(MessagePort.prototype, 'on');
    const ear = new Ear();
    const [, unreadable] = on.mock.calls.findLast(([event]) => (event as string) === 'messageerror')!;
    await ear.until(() => ear.isReady !== null);
    (unreadable as (error: unknown) => void)(new Error('no memory for it'));
    expect(ear.deaths).toMatchObject([[{ why: 'uncaught', cause: { message: 'no memory for it' } }, []]]);
    await ear.worker.gone;
    expect(ear.deaths).toHaveLength(1);
  });
});
