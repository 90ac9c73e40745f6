import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { embed, htmlReport, reportFromLog } from '../../src/report/html.ts';
import { readLog } from '../../src/report/read.ts';
import { blockLine, endLine, logOf, startLine } from '../support/samples.ts';

const options = { made: 0, readSource: () => null };
const pageOf = (text: string): string => htmlReport(reportFromLog(readLog(text), options));

test('what is embedded can neither end its element nor open a comment, and comes back as it was', () => {
  const nasty = '</script><!-- <script> & \u2028 \u2029 "\'`';
  expect(embed(nasty)).not.toMatch(/[<>&\u2028\u2029]/);
  expect(JSON.parse(embed(nasty))).toBe(nasty);
});

test('the page says its finding without any script, and in its title', () => {
  const page = pageOf(logOf(startLine, blockLine(0, 300), endLine)).replaceAll('\u00a0', ' ');
  expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
  expect(page).toContain('<h1 id="headline">Your loop was blocked once, for 300 ms of 60 s. It was src/invoice.ts:88 renderLines.</h1>');
  expect(page).toContain('<title>Your loop was blocked once');
});

test('only the script and the style that are in the page may run, by their hash; nothing may be loaded', () => {
  const page = pageOf(logOf(startLine));
  const policy = /<meta http-equiv="Content-Security-Policy" content="([^"]+)">/.exec(page)?.[1] ?? '';
  const hash = (text = ''): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("connect-src 'none'");
  expect(policy).not.toContain('unsafe');
  expect(policy).toContain(`script-src ${hash(/<script>([^]*?)<\/script>/.exec(page)?.[1])}`);
  expect(policy).toContain(`style-src ${hash(/<style>([^]*?)<\/style>/.exec(page)?.[1])}`);
});

test('names that are markup stay text', () => {
  const evil = '</h1></title></script><img src=x onerror="alert(1)"><!--';
  const where = { fn: evil, file: `/app/${evil}.ts`, line: 1, column: 1 };
  const broken = `${evil}\n`;
  const page = pageOf(logOf({ ...startLine, command: [evil] }, blockLine(0, 300, { where, task: { id: 1, name: evil } })) + broken);
  expect(page).not.toContain('<img');
  expect(page.match(/<\/script>/g)).toHaveLength(2);
  expect(page.match(/<\/h1>/g)).toHaveLength(1);
});

test('what could not be read of the log is told', () => {
  expect(pageOf(`${logOf(startLine)}garbage\n`)).toContain('<li>Line 2 is not a line of a lag log: it was left out.</li>');
});

test('the same model makes the same page', () => {
  const model = reportFromLog(readLog(logOf(startLine, blockLine(0, 300))), options);
  expect(htmlReport(model)).toBe(htmlReport(model));
});
