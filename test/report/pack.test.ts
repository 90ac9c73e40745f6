import { expect, test } from 'vitest';
import { buildPageModel } from '../../src/report/build-page-model.ts';
import { pack, unpack } from '../../src/report/pack.ts';
import type { Packed } from '../../src/report/pack.ts';
import { blockLine, lagLine, startLine } from '../support/samples.ts';

const { where: _, stack: __, stacks: ___, task: ____, ...bare } = blockLine(500, 120, { cause: 'suspended', confidence: 'none' });
const lines = [
  startLine,
  blockLine(0, 300),
  { ...bare, cpu: { run: 1, runQueue: null, gc: 0 } },
  blockLine(900, 200, { type: 'still-blocked' }),
  lagLine(0, 1000, 300, { runQueue: null }),
];
const model = buildPageModel(lines, ['a problem'], { made: 5, readSource: () => 'a\nb' });

test('what is packed comes out as it was', () => {
  expect(unpack(JSON.parse(JSON.stringify(pack(model))) as Packed)).toEqual(model);
});

test('a cause or a confidence of which this version knows nothing is unknown, and none', () => {
  const odd = buildPageModel([blockLine(0, 100, { cause: 'magic' as never, confidence: 'sure' as never })], [], { readSource: () => null });
  expect(unpack(pack(odd)).runs[0]!.blocks[0]).toMatchObject({ cause: 'unknown', confidence: 'none' });
});

test('100,000 blocks are less than 100 bytes each', () => {
  const many = buildPageModel(
    Array.from({ length: 100_000 }, (_, i) => blockLine(i * 400, 150 + (i % 90))),
    [],
    { readSource: () => null },
  );
  expect(JSON.stringify(pack(many)).length).toBeLessThan(10_000_000);
});
