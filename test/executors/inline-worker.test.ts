import { AsyncResource } from 'node:async_hooks';
import { afterEach, describe, expect, it } from 'vitest';
import { Runtime } from '../../src/core/runtime.ts';
import { InlineWorker } from '../../src/executors/inline-worker.ts';
import type { WorkerListener } from '../../src/executors/worker-handle.ts';
import { VALUE } from '../../src/wire/protocol.ts';
import type { FromWorker } from '../../src/wire/protocol.ts';

class Ear implements WorkerListener {
  readonly heard: unknown[] = [];
  readonly runtime = new Runtime();
  readonly worker = new InlineWorker(this.runtime, new AsyncResource('test'), this);
  #changed: () => void = () => {};

  ready(): void {
    this.#hear('ready');
  }

  message(message: FromWorker): void {
    this.#hear(message);
  }

  died(): void {
    this.#hear('died');
  }

  #hear(what: unknown): void {
    this.heard.push(what);
    this.#changed();
  }

  async until(count: number): Promise<void> {
    while (this.heard.length < count) await new Promise<void>((resolve) => (this.#changed = resolve));
  }

  #sent = 0;

  run(source: string, ...args: unknown[]): void {
    this.worker.send({ type: 'define', fn: 1, ref: { source, name: 'f' }, name: 'f' }, []);
    this.worker.control.offer(++this.#sent, 1);
    this.worker.send([1, 1, args, null], []);
  }
}

const ears: Ear[] = [];
const listen = (): Ear => {
  ears.push(new Ear());
  return ears.at(-1)!;
};
afterEach(async () => {
  await Promise.all(ears.splice(0).map((ear) => ear.worker.terminate()));
});

describe('InlineWorker', () => {
  it('runs what it is sent, also what was sent before it was ready, as it was then', async () => {
    const ear = listen();
    const list = [1];
    ear.run('(list) => list', list);
    list.push(2);
    await ear.until(2);
    expect(ear.heard).toEqual(['ready', [VALUE, expect.any(Number), [1]]]);
  });

  it('throws at once what cannot be cloned, and nothing is moved', () => {
    const ear = listen();
    const bytes = new ArrayBuffer(8);
    expect(() => ear.worker.send([1, 1, [bytes, () => 0], null], [bytes])).toThrow('could not be cloned');
    expect(bytes.byteLength).toBe(8);
  });

  it('counts as work outside the loop only while a message of it is on its way', async () => {
    const ear = listen();
    expect(ear.runtime.external).toBe(1); // it loads its far side
    await ear.until(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ear.runtime.external).toBe(0);
    ear.worker.send({ type: 'define', fn: 1, ref: { source: '() => new Promise(() => {})', name: 'f' }, name: 'f' }, []);
    expect(ear.runtime.external).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ear.runtime.external).toBe(0);
  });

  it('is deaf and mute once it is terminated, whatever still runs', async () => {
    const ear = listen();
    await ear.until(1);
    ear.run('() => new Promise((resolve) => setTimeout(resolve, 10, "late"))');
    while (ear.worker.control.current === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    ear.run('() => "never"');
    await Promise.all([ear.worker.terminate(), ear.worker.gone]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([ear.heard, ear.runtime.external]).toEqual([['ready'], 0]);
    ear.worker.keepAlive(true);
    ear.worker.keepAlive(false);
  });

  it('can be terminated before it has started up (117)', async () => {
    const ear = listen();
    ear.run('() => 1');
    await ear.worker.terminate();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect([ear.heard, ear.runtime.external]).toEqual([[], 0]);
  });

  it('holds the process only when it is told to', async () => {
    const ear = listen();
    await ear.until(1);
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    ear.worker.keepAlive(true);
    expect(timers()).toBe(before + 1);
    ear.worker.keepAlive(false);
    expect(timers()).toBe(before);
  });
});
