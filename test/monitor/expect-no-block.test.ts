import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { expectNoBlock, isToBlame } from '../../src/monitor/expect-no-block.ts';
import { ignoreBlocks } from '../../src/monitor/ignore-blocks.ts';
import { failure } from '../support/virtual.ts';

/** Computes for so long on the CPU, however many others want it. */
function burn(ms: number): void {
  const from = process.cpuUsage();
  for (let used = 0; used < ms;) {
    const { user, system } = process.cpuUsage(from);
    used = (user + system) / 1000;
    for (const end = performance.now() + 1; performance.now() < end;);
  }
}

const native = JSON.parse;

test('a function that lets the loop turn gives its value', async () => {
  expect(await expectNoBlock(() => delay(20, 'value'), { threshold: 2000 })).toBe('value');
  expect(JSON.parse).toBe(native);
});

test('one that blocks is refused, with the report', async () => {
  const error = await failure(expectNoBlock(() => burn(300)));
  expect(error).toMatchObject({ code: 'OFFLOOP_LOOP_BLOCKED', confidence: 'exact', where: { fn: 'burn' }, threshold: 100 });
  expect((error as Error).message).toMatch(/took \d+\.\d+ seconds\n {2}blocked at test\/monitor\/expect-no-block\.test\.ts:\d+:\d+ burn/);
  expect((error as { report: { stack: unknown } }).report.stack).toBeInstanceOf(Array);
  expect(JSON.parse).toBe(native);
});

test('what blocks after an await counts too; what is ignored does not', async () => {
  const error = await failure(expectNoBlock(() => delay(10).then(() => burn(300))));
  expect(error).toMatchObject({ code: 'OFFLOOP_LOOP_BLOCKED', where: { fn: 'burn' } });
  await expectNoBlock(() => ignoreBlocks(() => burn(300)), { threshold: 250 });
});

test.each([
  ['javascript', 120, true],
  ['sync-wait', 0, true],
  ['suspended', 120, false],
  ['cpu-starved', 99, false],
  ['cpu-starved', 100, true],
] as const)('a block by %s with %i ms on the CPU: it is to blame: %s', (cause, run, expected) => {
  const report = { at: 1000, duration: 300, threshold: 100, cause, confidence: 'none', thread: 0, samples: 0 } as const;
  const cpu = { run, runQueue: 0, gc: 0, callbacks: 1 };
  expect(isToBlame({ ...report, cpu }, 1000)).toBe(expected);
  expect(isToBlame({ ...report, cpu }, 1301)).toBe(false); // over before the function was called
});

test('an error of the function comes first', async () => {
  await expect(
    expectNoBlock(() => {
      burn(150);
      throw new Error('mine');
    }),
  ).rejects.toThrow('mine');
});

test.each([
  [5, {}, /Expected fn to be a function/],
  [() => {}, { threshold: 1 }, /threshold to be a number of milliseconds, 10 or more/],
  [() => {}, { treshold: 50 }, /Unknown option options\.treshold/],
])('bad input is refused: %o %o', async (fn, options, message) => {
  await expect(expectNoBlock(fn as () => void, options as object)).rejects.toThrow(message);
});
