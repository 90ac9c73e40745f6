import { expect, test } from 'vitest';
import { buildPageModel } from '../../src/report/build-page-model.ts';
import { headline, runName, worstRun } from '../../src/report/headline.ts';
import type { Line } from '../../src/report/model.ts';
import { blockLine, endLine, startLine } from '../support/samples.ts';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

function of(...lines: Line[]): string {
  const model = buildPageModel(lines, [], { readSource: () => null });
  return plain(headline(model, model.runs[0]).text);
}

const elsewhere = { where: { fn: 'load', file: '/app/src/db.ts', line: 3, column: 1, native: 'fs.readFileSync' } };

test('how often, for how long, and the line that took most of it', () => {
  expect(of(startLine, blockLine(0, 700), blockLine(5000, 300), blockLine(9000, 400, elsewhere), endLine)).toBe(
    'Your loop was blocked 3 times, for 1.4 s of 60 s. 71 % of it is src/invoice.ts:88 renderLines.',
  );
});

test('one block, or one line, is said so', () => {
  expect(of(startLine, blockLine(0, 400, elsewhere), endLine)).toBe(
    'Your loop was blocked once, for 400 ms of 60 s. It was src/db.ts:3 load in fs.readFileSync.',
  );
  expect(of(startLine, blockLine(0, 400), blockLine(900, 400), endLine)).toBe(
    'Your loop was blocked twice, for 800 ms of 60 s. All of it is src/invoice.ts:88 renderLines.',
  );
});

test('without a line nobody is blamed', () => {
  const { where: _, ...rest } = blockLine(0, 400, { cause: 'gc' });
  expect(of(startLine, rest, endLine)).toBe('Your loop was blocked once, for 400 ms of 60 s.');
});

test('no block is good news, and no log is none', () => {
  expect(of(startLine, endLine)).toBe('No block of 100 ms or more in 60 s.');
  expect(of()).toBe('There is nothing in this log.');
});

test('of several processes the one that suffered most comes first', () => {
  const { runs } = buildPageModel([startLine, { ...startLine, pid: 7 }, blockLine(0, 100, { pid: 7 })], [], { readSource: () => null });
  expect(worstRun(runs)).toBe(1);
  expect(runs.map((run) => plain(runName(run)))).toEqual(['Process 4242 · no blocks', 'Process 7 · 1 block, 100 ms']);
  expect(plain(runName({ ...runs[1]!, thread: 3 }))).toBe('Process 7, thread 3 · 1 block, 100 ms');
  expect(worstRun([])).toBe(0);
});
