import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SlowReport } from '../../src/base/slow-report.ts';
import { Teller } from '../../src/monitor/teller.ts';
import { told } from '../support/samples.ts';

const presenter = {
  block: () => 'block',
  stillBlocked: () => 'still',
  line: (_: unknown, seen: number) => `{"seen":${seen}}`,
  note: () => '{}',
  page: () => '',
};

function teller(log: boolean | string) {
  const stage = { now: 0, printed: [] as string[], sent: [] as SlowReport[] };
  const print = (text: string): void => void stage.printed.push(text.trim());
  const send = (report: SlowReport): void => void stage.sent.push(report);
  return Object.assign(stage, { it: new Teller({ log, presenter, send, clock: () => stage.now, print }) });
}

test('text comes at most once a second; reports are all sent, and what was left out is counted', () => {
  const stage = teller(true);
  for (const now of [0, 300, 900, 1100]) {
    stage.now = now;
    stage.it.block(told);
  }
  expect(stage.printed).toEqual(['block', 'block\n  (2 more since the last report)']);
  expect(stage.sent).toHaveLength(4);
});

test('a report carries its text, and nothing that only the text needed', () => {
  const stage = teller(false);
  stage.it.block(told);
  expect(stage.sent[0]).toMatchObject({ message: 'block', duration: 135 });
  expect(Object.keys(stage.sent[0]!)).not.toContain('hits');
  expect(stage.printed).toEqual([]);
});

test('notices in the midst of a block are not held back, nor do they hold back', () => {
  const stage = teller(true);
  stage.it.stillBlocked(told);
  stage.it.block(told);
  stage.it.stillBlocked(told);
  expect(stage.printed).toEqual(['still', 'block', 'still']);
});

test('a log is one line per block', () => {
  const folder = mkdtempSync(join(tmpdir(), 'offloop-log-'));
  const stage = teller(join(folder, 'lag.ndjson'));
  stage.it.block(told);
  stage.it.block(told);
  expect(readFileSync(join(folder, 'lag.ndjson'), 'utf8')).toBe('{"seen":1}\n{"seen":2}\n');
  expect(stage.printed).toEqual([]);
  rmSync(folder, { recursive: true });
});

test('a log that cannot be written is told once, and the monitor goes on', () => {
  const stage = teller('/nowhere/at/all.ndjson');
  stage.it.block(told);
  stage.it.block(told);
  expect(stage.printed).toEqual([
    expect.stringMatching(
      /^offloop: the lag monitor cannot write \/nowhere\/at\/all\.ndjson, and goes on without it: its directory does not exist \(ENOENT\)/,
    ),
  ]);
  expect(stage.sent).toHaveLength(2);
});
