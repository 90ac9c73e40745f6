import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { whereIs } from '../../src/base/whereabouts.ts';
import { answerByInspector, WorkerLink } from '../../src/monitor/worker-link.ts';

const sources = {
  spin: 'function inner() { for (;;); }\nfunction outer() {\n  inner();\n}\nouter();',
  regex: 'function check() { return /^(a+)+$/.test("a".repeat(60) + "b"); }\ncheck();',
  wait: 'function sleep() { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); }\nsleep();',
  idle: 'setInterval(() => {}, 1000);',
};
const workers = {} as Record<keyof typeof sources, Worker>;

beforeAll(async () => {
  for (const [name, source] of Object.entries(sources)) {
    const code = `require('node:worker_threads').parentPort.postMessage(0);\n${source}\n//# sourceURL=/app/${name}.js`;
    const worker = new Worker(code, { eval: true, execArgv: [] });
    workers[name as 'spin'] = worker;
    await new Promise((resolve) => worker.once('message', resolve));
  }
});
afterAll(() => Promise.all(Object.values(workers).map((worker) => worker.terminate())));

/** A busy machine may take longer to let the thread answer than anybody waits. */
async function where(link: WorkerLink, worker: Worker) {
  for (let tries = 0; tries < 20; tries++) {
    const frames = await link.ask(worker.threadId);
    if (frames !== null && frames.length > 0) return frames;
  }
  return [];
}

test('each thread is found where it is, and not where another one is', async () => {
  const link = new WorkerLink();
  const [inner, outer] = await where(link, workers.spin);
  expect([inner, outer]).toMatchObject([
    { fn: 'inner', file: '/app/spin.js', line: 2 },
    { fn: 'outer', line: 4 },
  ]);
  expect((await where(link, workers.regex))[0]).toMatchObject({ fn: 'check in RegExp.test', file: '/app/regex.js', line: 2 });
  expect((await where(link, workers.wait))[0]).toMatchObject({ fn: 'sleep in Atomics.wait', file: '/app/wait.js' });
  const both = await Promise.all([where(link, workers.spin), where(link, workers.regex)]);
  expect(both.map(([frame]) => frame?.file)).toEqual(['/app/spin.js', '/app/regex.js']);
  link.close();
});

test('a thread that runs nothing is nowhere, and one that is gone does not answer', async () => {
  const link = new WorkerLink();
  expect((await link.ask(workers.idle.threadId)) ?? []).toEqual([]);
  expect(await link.ask(99_999)).toBeNull();
  link.close();
  link.close();
});

test('a link that is closed while somebody asks answers nothing, and one that was closed can be asked again', async () => {
  const link = new WorkerLink();
  const asked = link.ask(workers.spin.threadId);
  link.close();
  expect((await asked) ?? []).toEqual([]);
  expect((await where(link, workers.spin))[0]).toMatchObject({ fn: 'inner' });
  link.close();
});

test('threads are answered for while at least one monitor wants that', () => {
  const ends = [answerByInspector(), answerByInspector()];
  ends[0]!();
  ends[0]!();
  expect(whereIs(99_999)).not.toBeNull();
  ends[1]!();
  expect(whereIs(99_999)).toBeNull();
});

/** Timers that keep the process alive. */
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test('an answer that interrupts this thread touches no timer there: it may have interrupted Node’s own timers', async () => {
  const link = new WorkerLink();
  await where(link, workers.spin); // it is attached
  const before = timers();
  const answer = link.evaluate(workers.idle.threadId, '"here"');
  while (timers() === before) await Promise.resolve(); // until it has been asked, and is waited for
  for (const end = performance.now() + 200; performance.now() < end;) expect(timers()).toBe(before + 1);
  expect((await answer).value).toBe('here');
  expect(timers()).toBe(before);
  link.close();
});
