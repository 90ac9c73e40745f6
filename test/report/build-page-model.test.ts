import { expect, test } from 'vitest';
import { buildPageModel } from '../../src/report/build-page-model.ts';
import { blockLine, endLine, lagLine, startLine } from '../support/samples.ts';

const options = { made: 2_000_000, readSource: () => null };

test('times count from the start of the run, and the run is as long as its lines tell', () => {
  const { runs } = buildPageModel([startLine, lagLine(0, 1000, 280), blockLine(500, 300), endLine], [], options);
  expect(runs).toHaveLength(1);
  expect(runs[0]).toMatchObject({ pid: 4242, start: 1_000_000, length: 60_000, threshold: 100, ended: true, dropped: 0 });
  expect(runs[0]!.blocks[0]).toMatchObject({ start: 500, ms: 300, cause: 'javascript', place: 0, task: 0, taskId: 42, open: false });
  expect(runs[0]!.lag[0]).toMatchObject({ from: 0, to: 1000, max: 280, mean: 28, queue: 3, gc: 5 });
});

test('names, frames and stacks are told once', () => {
  const model = buildPageModel(
    Array.from({ length: 1000 }, (_, i) => blockLine(i * 200, 150)),
    [],
    options,
  );
  expect(model).toMatchObject({ tasks: ['renderInvoice'], places: [{ frame: expect.any(Number), native: null }] });
  expect([model.files.length, model.frames.length, model.stacks.length]).toEqual([2, 3, 2]);
});

test('paths are shown from where the program ran', () => {
  expect(buildPageModel([startLine, blockLine(0, 100)], [], options).files).toEqual(['src/invoice.ts', 'src/routes.ts']);
});

test('processes are kept apart, and so is one process that was watched twice', () => {
  const other = { ...startLine, pid: 7 };
  const lines = [startLine, other, blockLine(0, 100), blockLine(0, 200, { pid: 7 }), endLine, startLine, blockLine(5, 300), endLine];
  const { runs } = buildPageModel(lines, [], options);
  expect(runs.map(({ pid, blocks }) => [pid, blocks.map(({ ms }) => ms)])).toEqual([
    [4242, [100]],
    [7, [200]],
    [4242, [300]],
  ]);
});

test('a notice in the midst of a block counts only when its end was never told', () => {
  const still = (start: number, ms: number) => blockLine(start, ms, { type: 'still-blocked' });
  const { runs } = buildPageModel(
    [still(10, 1000), still(11, 5000), blockLine(12, 6000), still(9000, 1000), still(9001, 5000)],
    [],
    options,
  );
  expect(runs[0]!.blocks.map(({ start, ms, open }) => [start, ms, open])).toEqual([
    [2, 6000, false],
    [8991, 5000, true],
  ]);
});

test('blocks that memory did not keep are counted', () => {
  expect(buildPageModel([blockLine(0, 100, { seen: 41 }), blockLine(500, 100, { seen: 42 })], [], options).runs[0]!.dropped).toBe(40);
});

test('an empty log has no run', () => {
  expect(buildPageModel([], ['a problem'], options)).toMatchObject({ runs: [], problems: ['a problem'] });
});
