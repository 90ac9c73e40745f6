import type { MessagePort } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { resolvePoolOptions } from '../../src/executors/options.ts';
import { ProcessWorker } from '../../src/executors/process-worker.ts';
import type { PoolOptions } from '../../src/executors/executor.ts';
import { VALUE } from '../../src/wire/protocol.ts';
import type { Hello } from '../../src/wire/protocol.ts';
import { Ear, hello } from '../support/ear.ts';
import { failure } from '../support/virtual.ts';

let ears: Ear<ProcessWorker>[] = [];

function listen(options: PoolOptions = {}, first: Partial<Hello> = {}): Ear<ProcessWorker> {
  const ear = new Ear((listener) => new ProcessWorker(resolvePoolOptions(options, 'Ear', 'process'), { ...hello, ...first }, listener));
  ears.push(ear);
  return ear;
}

afterEach(async () => {
  await Promise.all(ears.map((ear) => ear.worker.terminate()));
  ears = [];
});

describe('ProcessWorker', () => {
  it('tells when it is ready, and runs what it is sent, also what was sent before, as it was then', async () => {
    const ear = listen();
    const list = [1];
    ear.run('(list) => list', list);
    list.push(2);
    expect(await ear.result()).toEqual([1]);
    expect(ear.isReady).toEqual({});
  });

  it('carries what processes can exchange: big integers, maps, sets, errors, patterns, dates, typed arrays (95)', async () => {
    const ear = listen();
    const values = [1n, new Map([[1, new Set(['a'])]]), /x/gi, new Date(5), new Float64Array([1.5]), undefined, -0, { deep: [null] }];
    ear.run('(v) => v', values);
    expect(await ear.result()).toEqual(values);
  });

  it('tells why it cannot get ready', async () => {
    const ear = listen({}, { preload: ['file:///nowhere.js'] });
    await ear.until(() => ear.isReady !== null);
    expect(ear.isReady).toHaveProperty('unready');
  });

  it('throws at once what cannot be cloned, before it is ready and after', async () => {
    const ear = listen();
    const bad = [() => 0, new SharedArrayBuffer(4), new MessageChannel().port1];
    for (const value of bad) expect(await failure(() => ear.worker.send([1, 1, [value], null], []))).toBeInstanceOf(Error);
    await ear.until(() => ear.isReady !== null);
    for (const value of bad) expect(await failure(() => ear.worker.send([1, 1, [value], null], []))).toBeInstanceOf(Error);
    (bad[2] as MessagePort).close();
  });

  it('starts with the flags and the environment it was given, and with nothing of tinypool in it', async () => {
    const limits = { maxOldGenerationSizeMb: 100.5, maxYoungGenerationSizeMb: 6, stackSizeMb: 1 };
    const ear = listen({ env: { ...process.env, OFFLOOP_TEST: 'there' }, execArgv: ['--no-deprecation'], resourceLimits: limits });
    ear.run('() => [process.execArgv, process.env.OFFLOOP_TEST, process.env.TINYPOOL_WORKER_ID]');
    const [flags, ...others] = (await ear.result()) as [string[], ...unknown[]];
    const expected = ['--no-deprecation', '--max-old-space-size=101', '--max-semi-space-size=2', '--stack-size=1024'];
    expect(flags).toEqual(expect.arrayContaining(expected));
    expect(others).toEqual(['there', undefined]);
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
    expect(death.cause).toBeInstanceOf(RangeError);
    expect([...ear.messages, ...last]).toEqual([[VALUE, expect.any(Number), 'said']]);
    expect(ear.worker.control.current).toBe(1);
  });

  it('loses no result to an exit right after it, however large, and hears none twice', async () => {
    const ear = listen();
    await ear.until(() => ear.isReady !== null);
    ear.run('() => { setImmediate(() => process.exit(4)); return new Uint8Array(5_000_000).fill(7); }');
    await ear.until(() => ear.deaths.length > 0);
    const heard = [...ear.messages, ...ear.deaths[0]![1]] as unknown[][];
    expect(heard.map(([kind, , value]) => [kind, (value as Uint8Array).byteLength])).toEqual([[VALUE, 5_000_000]]);
    expect(ear.deaths[0]![0]).toMatchObject({ why: 'exit', exitCode: 4 });
  });

  it('tells the signal', async () => {
    const ear = listen();
    ear.run('() => { process.kill(process.pid, "SIGTERM"); for (;;); }');
    await ear.until(() => ear.deaths.length > 0);
    expect(ear.deaths).toMatchObject([[{ why: 'exit', exitCode: null, signalName: 'SIGTERM' }, []]]);
    expect(ear.worker.control.current).toBe(1);
  });

  it('takes an abort for what it is: only the words of V8 make it a full heap', async () => {
    const ear = listen();
    ear.run('() => process.abort()');
    await ear.until(() => ear.deaths.length > 0);
    expect(ear.deaths).toMatchObject([[{ why: 'exit', signalName: 'SIGABRT' }, []]]);
  });

  it('ends when a job cuts its channel: nobody could say anything to it any more', async () => {
    const ear = listen();
    ear.run('() => { process.disconnect(); return new Promise(() => {}); }');
    await ear.until(() => ear.deaths.length > 0);
    expect(ear.deaths).toMatchObject([[{ why: 'exit' }, []]]);
  });

  it('lets a job handle uncaught errors itself', async () => {
    const ear = listen();
    ear.run(`() => new Promise((resolve) => {
      process.once('uncaughtException', (error) => resolve(error.message));
      setImmediate(() => { throw new Error('caught after all'); });
    })`);
    expect(await ear.result()).toBe('caught after all');
  });

  it('ignores an interrupt of the terminal: its parent decides', async () => {
    const ear = listen();
    ear.run('() => new Promise((resolve) => { process.kill(process.pid, "SIGINT"); setTimeout(resolve, 20, "alive"); })');
    expect(await ear.result()).toBe('alive');
  });

  it('sees a request to stop in a tight loop', async () => {
    const ear = listen();
    await ear.until(() => ear.isReady !== null);
    ear.run('() => process.pid');
    const pid = await ear.result();
    ear.worker.control.offer(2, 1);
    const job = new URL('../../workers/job.ts', import.meta.url).href;
    const source = `async (url) => { const { checkCancelled } = await import(url); for (;;) { try { checkCancelled(); } catch (e) { return [e.code, process.pid]; } } }`;
    ear.worker.send({ type: 'define', fn: 2, ref: { source, name: 'g' }, name: 'g' }, []);
    ear.worker.send([2, 2, [job], null], []);
    while (ear.worker.control.current < 2 || ear.worker.control.startedAt === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    ear.worker.control.requestCancel(2);
    expect(await ear.result(2)).toEqual(['OFFLOOP_CANCELLED', pid]);
  });

  it('says nothing more once it is terminated, and its process is gone then (116, 119)', async () => {
    const ear = listen();
    ear.run('() => process.pid');
    const pid = (await ear.result()) as number;
    ear.run('() => { for (;;); }');
    while (ear.worker.control.current === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await Promise.all([ear.worker.terminate(), ear.worker.terminate(), ear.worker.gone]);
    expect([ear.deaths, ear.messages.length]).toEqual([[], 1]);
    expect(await failure(() => process.kill(pid, 0))).toMatchObject({ code: 'ESRCH' });
    ear.worker.keepAlive(true);
    ear.worker.keepAlive(false);
  });

  it('can be terminated before it has started up (117)', async () => {
    const ear = listen();
    await ear.worker.terminate();
    expect([ear.isReady, ear.deaths]).toEqual([null, []]);
  });

  it('gets no second process from tinypool when it dies', async () => {
    const { getActiveResourcesInfo: active } = process;
    const processes = (): number => active().filter((kind) => kind === 'ProcessWrap').length;
    const before = processes();
    const ear = listen();
    expect(processes()).toBe(before + 1);
    ear.run('() => process.exit(0)');
    await ear.worker.gone;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([ear.deaths.length, processes()]).toEqual([1, before]);
  });
});
