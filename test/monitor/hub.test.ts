import { runInThisContext } from 'node:vm';
import { expect, test } from 'vitest';
import { ASK, hub } from '../../src/monitor/hub.ts';
import type { Answer } from '../../src/monitor/sample.ts';
import { run } from '../../src/core/run.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';

/** As the watchdog does it, but for the interrupt. */
const asked = (): Answer => JSON.parse(runInThisContext(ASK) as string) as Answer;
hub();

test('the answer names the function and the line that asks, and the functions that wait for it', async () => {
  async function inner(): Promise<Answer> {
    await Promise.resolve();
    return asked();
  }
  async function outer(): Promise<Answer> {
    return await inner();
  }
  const { frames } = await outer();
  const mine = frames.filter(({ file }) => file.includes('hub.test')).map(({ fn, async }) => [fn, async ?? false]);
  expect(mine.slice(0, 3)).toEqual([
    ['asked', false],
    ['inner', false],
    ['outer', true],
  ]);
});

test('the answer names the task', async () => {
  const answer = await run(() => withTaskGroup((tg) => tg.spawn(async () => asked(), { name: 'crunch' })), { signals: false });
  expect(answer.task).toMatchObject({ name: 'crunch', id: expect.any(Number) });
  expect(asked().task).toBeUndefined();
});

test('asking leaves the program’s own stack settings alone, and takes the question off', () => {
  const prepare = (_: Error, sites: NodeJS.CallSite[]) => `mine ${sites.length}`;
  const before = Error.stackTraceLimit;
  Error.prepareStackTrace = prepare;
  Error.stackTraceLimit = 3;
  try {
    hub().pending[0] = 1;
    asked();
    expect([Error.prepareStackTrace, Error.stackTraceLimit, hub().pending[0]]).toEqual([prepare, 3, 0]);
    expect(new Error('x').stack).toBe('mine 3');
  } finally {
    Reflect.deleteProperty(Error, 'prepareStackTrace');
    Error.stackTraceLimit = before;
  }
});

test('where a task was made is asked of debug mode, whose failure does no harm', async () => {
  const answers = await run(
    () => {
      hub().siteOf = () => 'a.ts:1:1';
      const known = asked();
      hub().siteOf = () => {
        throw new Error('broken');
      };
      return [known, asked()];
    },
    { signals: false },
  ).finally(() => (hub().siteOf = undefined));
  expect(answers.map((a) => a.task?.spawnedAt)).toEqual(['a.ts:1:1', undefined]);
});
