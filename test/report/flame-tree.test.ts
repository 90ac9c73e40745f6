import { expect, test } from 'vitest';
import { buildPageModel } from '../../src/report/build-page-model.ts';
import { flameTree, heat, samplesOf, toCpuProfile } from '../../src/report/flame-tree.ts';
import { blockLine } from '../support/samples.ts';

const invoice = { fn: 'renderLines', file: '/app/src/invoice.ts', line: 88, column: 17 };
const later = { ...invoice, line: 90 };
const handler = { fn: 'handler', file: '/app/src/routes.ts', line: 31, column: 9 };
const native = { fn: 'JSON.stringify', file: '', line: 0, column: 0 };
const stacks = [
  { ms: 60, count: 6, frames: [invoice, handler] },
  { ms: 30, count: 3, frames: [later, handler] },
  { ms: 10, count: 1, frames: [native, handler] },
];
const model = buildPageModel([blockLine(0, 100, { stacks }), blockLine(500, 100, { stacks })], [], { cwd: '/app', readSource: () => null });
const { blocks } = model.runs[0]!;

test('samples of several blocks make one tree; lines of one function are one frame', () => {
  const tree = flameTree(model, blocks);
  expect(tree).toMatchObject({ name: 'all', value: 200, frame: -1, count: 0 });
  expect(tree.children).toMatchObject([
    {
      name: 'handler  src/routes.ts',
      value: 200,
      self: 0,
      children: [
        { name: 'renderLines  src/invoice.ts', value: 180, self: 180, count: 18 },
        { name: 'JSON.stringify', value: 20, self: 20, count: 2 },
      ],
    },
  ]);
  expect(samplesOf(tree)).toBe(20);
});

test('a block without samples counts with the stack that was blamed', () => {
  const { stacks: _, ...bare } = blockLine(0, 250);
  const model = buildPageModel([bare], [], { cwd: '/app', readSource: () => null });
  expect(flameTree(model, model.runs[0]!.blocks)).toMatchObject({ value: 250, children: [{ children: [{ self: 250 }] }] });
});

test('as a .cpuprofile each node has an id, its children’s, and the samples that ended in it', () => {
  const { nodes, samples, timeDeltas, startTime, endTime } = toCpuProfile(model, flameTree(model, blocks));
  expect(nodes.map(({ id, callFrame, hitCount, children }) => [id, callFrame.functionName, hitCount, children])).toEqual([
    [1, '(root)', 0, [2]],
    [2, 'handler', 0, [3, 4]],
    [3, 'renderLines', 18, undefined],
    [4, 'JSON.stringify', 2, undefined],
  ]);
  expect(nodes[2]!.callFrame).toMatchObject({ url: 'src/invoice.ts', lineNumber: 87, columnNumber: 16 });
  expect(samples).toHaveLength(20);
  expect([startTime, endTime, timeDeltas.reduce((a, b) => a + b)]).toEqual([0, 200_000, 200_000]);
});

test('a profile of very many samples is thinned, its time is not', () => {
  const many = [{ ms: 1000, count: 100_000, frames: [invoice] }];
  const model = buildPageModel([blockLine(0, 1000, { stacks: many })], [], { readSource: () => null });
  const { samples, timeDeltas } = toCpuProfile(model, flameTree(model, model.runs[0]!.blocks));
  expect([samples.length, timeDeltas.reduce((a, b) => a + b)]).toEqual([20_000, 1_000_000]);
});

test('heat goes to the line where a function stood; a line that is on a stack twice counts once', () => {
  const again = [{ ms: 50, count: 1, frames: [invoice, invoice, handler] }];
  const model = buildPageModel([blockLine(0, 100, { stacks: [...stacks, ...again] })], [], { readSource: () => null });
  const byFile = heat(model, model.runs[0]!.blocks);
  expect([...byFile.get(0)!]).toEqual([
    [88, { self: 110, total: 110 }],
    [90, { self: 30, total: 30 }],
  ]);
  expect(byFile.get(1)!.get(31)).toEqual({ self: 10, total: 150 });
});
