import { expect, test } from 'vitest';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { sleep } from '../../src/core/sleep.ts';
import { debugged } from '../support/debugged.ts';

test('while tasks are pending, the end of the process would tell of them; afterwards it would not', async () => {
  const before = process.listenerCount('exit');
  const heard: string[] = [];
  await debugged(
    () =>
      withTaskGroup(async (tg) => {
        tg.spawn(() => sleep(50), { name: 'sleeper' });
        await sleep(1);
        expect(process.listenerCount('exit')).toBe(before + 1);
        const listener = process.listeners('exit').at(-1) as (code: number) => void;
        listener(0);
      }),
    { exceptionHandler: ({ message }) => void heard.push(message) },
  );
  expect(heard).toHaveLength(1);
  expect(heard[0]).toMatch(/^2 tasks were still pending when the process exited:\n {2}<Task #\d+ "main" running>/);
  expect(heard[0]).toMatch(/\n {2}<Task #\d+ "sleeper" running>, created at .*pending\.test\.ts:\d+:\d+$/);
  expect(process.listenerCount('exit')).toBe(before);
});
