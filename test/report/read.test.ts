import { describe, expect, test } from 'vitest';
import { OffloopError } from '../../src/base/errors.ts';
import { LogVersionError, readLog } from '../../src/report/read.ts';
import { blockLine, endLine, lagLine, logOf, startLine } from '../support/samples.ts';

const good = [startLine, blockLine(100, 300), lagLine(0, 1000, 280), endLine];

test('every line of a log comes back as it was written', () => {
  expect(readLog(logOf(...good))).toEqual({ lines: good, problems: [] });
});

test('the log may come in pieces, cut anywhere, also inside of a letter', () => {
  const named = blockLine(5, 120, { task: { id: 1, name: 'Rechnung für Köln €' } });
  const bytes = Buffer.from(logOf(startLine, named));
  const pieces = Array.from({ length: bytes.length }, (_, i) => bytes.subarray(i, i + 1));
  expect(readLog(pieces)).toEqual({ lines: [startLine, named], problems: [] });
});

test('an empty log has no lines and no problems', () => {
  expect(readLog('')).toEqual({ lines: [], problems: [] });
  expect(readLog('\n\n')).toEqual({ lines: [], problems: [] });
});

test('a log without a last line break is complete all the same', () => {
  expect(readLog(logOf(...good).trimEnd()).lines).toHaveLength(4);
});

describe('what cannot be used is left out and told in one sentence', () => {
  test('a last line that is cut off', () => {
    const { lines, problems } = readLog(logOf(...good) + logOf(blockLine(1, 2)).slice(0, 40));
    expect(lines).toHaveLength(4);
    expect(problems).toEqual([{ kind: 'truncated', count: 1, line: 5, message: expect.stringMatching(/^The last line \(5\) is cut off/) }]);
  });

  test('lines that are no lines of a log, counted', () => {
    const { lines, problems } = readLog(`${logOf(startLine)}hello\n[1]\n"x"\n${logOf({ ...blockLine(1, 2), ms: 'long' }, endLine)}`);
    expect(lines.map(({ type }) => type)).toEqual(['start', 'end']);
    expect(problems).toEqual([
      { kind: 'garbage', count: 4, line: 2, message: '4 lines are not lines of a lag log, the first of them line 2: they were left out.' },
    ]);
  });

  test('lines of a type that this version does not know, each type for itself', () => {
    const { lines, problems } = readLog(
      logOf(startLine, { ...endLine, type: 'heap' }, { ...endLine, type: 'heap' }, { ...endLine, type: 'net' }),
    );
    expect(lines).toHaveLength(1);
    expect(problems.map(({ message }) => message)).toEqual([
      '2 lines are of the unknown type "heap", the first of them line 2: they were left out.',
      'Line 4 is of the unknown type "net": it was left out.',
    ]);
  });
});

test('a log of a newer version is refused, with the line, both versions and a code', () => {
  const error = (() => {
    try {
      return readLog(logOf(startLine, { v: 2, type: 'block' }));
    } catch (caught) {
      return caught;
    }
  })();
  expect(error).toBeInstanceOf(LogVersionError);
  expect(error).toBeInstanceOf(OffloopError);
  expect(error).toMatchObject({ name: 'LogVersionError', code: 'OFFLOOP_LOG_VERSION', version: 2, line: 2 });
  expect((error as Error).message).toBe(
    'Line 2 of the log has version 2, and this offloop reads up to version 1: read it with the offloop that wrote it, or a newer one',
  );
});
