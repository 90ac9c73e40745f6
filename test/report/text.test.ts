import { expect, test } from 'vitest';
import { blockText, shortPath, stillBlockedText } from '../../src/report/text.ts';
import { told } from '../support/samples.ts';

test('a block says who, how long, where, why, and what to do', () => {
  expect(blockText(told)).toBe(`offloop: Executing <Task #42 "renderInvoice"> took 0.135 seconds
  blocked at src/invoice.ts:88:17 renderLines   (11 of 13 samples, exact)
    < src/routes.ts:31 handler < async withTx src/db.ts:12
  cause: javascript   cpu 131 ms, gc 4 ms, run queue 0 ms, 1 callback
  hint: offload it — export const renderLines = offload(import.meta, …)`);
});

test('DB-09: in debug mode in the words of asyncio', () => {
  expect(blockText({ ...told, debug: true }).split('\n')[0]).toBe(
    'offloop: Executing <Task #42 name="renderInvoice" running at src/invoice.ts:88 created at src/routes.ts:20> took 0.135 seconds',
  );
});

test('a slow callback is told apart by its function, in debug mode', () => {
  const { task: _, ...callback } = told;
  expect(blockText({ ...callback, debug: true }).split('\n')[0]).toBe(
    'offloop: Executing <callback handler running at src/invoice.ts:88> took 0.135 seconds',
  );
  expect(blockText(callback).split('\n')[0]).toBe('offloop: Executing <callback> took 0.135 seconds');
});

test('a block without a task or a line says no more than that', () => {
  const { task: _, where: __, stack: ___, ...rest } = told;
  expect(blockText({ ...rest, cpu: { ...told.cpu, runQueue: null, callbacks: 3 }, cause: 'unknown' })).toBe(
    'offloop: Executing <callback> took 0.135 seconds\n  cause: unknown   cpu 131 ms, gc 4 ms, 3 callbacks',
  );
});

test('a block of a worker names its thread', () => {
  expect(blockText({ ...told, thread: 4 }).split('\n')[0]).toBe(
    'offloop: Executing <Task #42 "renderInvoice"> took 0.135 seconds in worker thread 4',
  );
});

test('what is called inside the line is named', () => {
  expect(blockText({ ...told, where: { ...told.where!, native: 'JSON.parse' } })).toContain('88:17 renderLines in JSON.parse   (');
});

test('a process that stood still executed nothing', () => {
  const { task: _, where: __, ...rest } = told;
  expect(blockText({ ...rest, cause: 'suspended' })).toMatch(
    /^offloop: The process was suspended for 0\.135 seconds\n {2}cause: suspended/,
  );
  expect(blockText({ ...rest, cause: 'startup' })).toMatch(/^offloop: Starting up took/);
});

test('in the midst of a block the text says where it is now', () => {
  expect(
    stillBlockedText({ ...told, duration: 5004 })
      .split('\n')
      .slice(0, 2),
  ).toEqual([
    'offloop: still blocked after 5.0 seconds: <Task #42 "renderInvoice">',
    '  blocked at src/invoice.ts:88:17 renderLines   (11 of 13 samples, exact)',
  ]);
  const { where: _, ...nowhere } = told;
  expect(stillBlockedText(nowhere)).toContain('in native code');
  const { task: __, ...nobody } = nowhere;
  expect(stillBlockedText({ ...nobody, duration: 5004 }).split('\n')[0]).toBe('offloop: still blocked after 5.0 seconds');
});

test('paths are shown from the working directory, others in full', () => {
  expect(shortPath('/app/src/a.ts', '/app')).toBe('src/a.ts');
  expect(shortPath('/other/a.ts', '/app')).toBe('/other/a.ts');
  expect(shortPath('webpack://x/a.ts', '/app')).toBe('webpack://x/a.ts');
});
