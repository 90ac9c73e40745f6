/** What loop callbacks promise about real time and the life of the process. */
import { expect, test } from 'vitest';
import { callAt, callLater } from '../../src/core/callbacks.ts';
import { now } from '../../src/core/sleep.ts';
import { Child } from '../support/child.ts';
import type { Ended } from '../support/child.ts';

const program = (name: string): Promise<Ended> => new Child('loop/callbacks', name).ended;

test('callbacks are never early (LO-05)', async () => {
  const early: number[] = [];
  await Promise.all(
    Array.from({ length: 50 }, (_, i) => {
      const when = now() + i / 3;
      return new Promise<void>((resolve) => {
        const note = (): void => {
          if (now() < when) early.push(now() - when);
          resolve();
        };
        if (i % 2 === 0) callAt(when, note);
        else callLater(when - now(), note);
      });
    }),
  );
  expect(early).toEqual([]);
});

test.each<[string, string]>([
  ['kept', 'soon\nlater\n'],
  ['unref', 'at\n'],
  ['unref all', ''],
  ['ref again', 'later\n'],
  ['after run', 'later\n'],
])('a pending callback keeps the process alive, an unreferenced one does not: %s (LO-15)', async (name, stdout) => {
  expect(await program(name)).toEqual({ code: 0, signal: null, stdout, stderr: '' });
});

test('delays above 2^31-1 ms neither fire at once nor warn (LO-13)', async () => {
  expect(await program('long')).toEqual({ code: 0, signal: null, stdout: 'cancelled\n', stderr: '' });
});

test('one that throws is printed on stderr, and the process goes on (DB-01)', async () => {
  const { code, stdout, stderr } = await program('throws');
  expect([code, stdout]).toEqual([0, 'goes on\n']);
  expect(stderr.match(/^Exception in callback .*$/gm)).toEqual([
    'Exception in callback broken Error: boom',
    'Exception in callback alsoBroken Error: boom',
  ]);
});
