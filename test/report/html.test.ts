import { expect, test } from 'vitest';
import { embed, htmlReport, reportFromLog } from '../../src/report/html.ts';
import { readLog } from '../../src/report/read.ts';
import { blockLine, logOf, startLine } from '../support/samples.ts';

test('what is embedded can neither end its element nor open a comment, and comes back as it was', () => {
  const nasty = '</script><!-- <script> & \u2028 \u2029 "\'`';
  expect(embed(nasty)).not.toMatch(/[<>&\u2028\u2029]/);
  expect(JSON.parse(embed(nasty))).toBe(nasty);
});

test('a log becomes a page', () => {
  const page = htmlReport(reportFromLog(readLog(logOf(startLine, blockLine(0, 300))), { made: 0, readSource: () => null }));
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).toContain('renderLines');
});
