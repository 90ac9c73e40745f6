import { expect, test } from 'vitest';
import { parseStack } from '../../src/monitor/stack-text.ts';

const stack = (...lines: string[]): string => ['Error', '    at <anonymous>:1:9', ...lines.map((line) => `    at ${line}`)].join('\n');

test('frames of the program are kept, innermost first, with their places', () => {
  const text = stack(
    'crunch (file:///app/hash.ts:12:5)',
    'async run (/app/a b.js:3:1)',
    'new Hash (C:\\app\\hash.js:4:2)',
    '/app/top.mjs:7:3',
    'async file:///app/top.mjs:8:3',
    'process.processTimers (node:internal/timers:521:7)',
  );
  expect(parseStack(text)).toEqual([
    { fn: 'crunch', file: '/app/hash.ts', line: 12, column: 5 },
    { fn: 'run', file: '/app/a b.js', line: 3, column: 1, async: true },
    { fn: 'Hash', file: 'C:\\app\\hash.js', line: 4, column: 2 },
    { fn: '', file: '/app/top.mjs', line: 7, column: 3 },
    { fn: '', file: '/app/top.mjs', line: 8, column: 3, async: true },
  ]);
});

test('what the innermost has called is named with it', () => {
  const [first] = parseStack(stack('RegExp.test (<anonymous>)', 'Timeout.check [as _onTimeout] (/app/a.js:1:34)'));
  expect(first).toMatchObject({ fn: 'Timeout.check in RegExp.test', line: 1, column: 34 });
  expect(parseStack(stack('Object.readFileSync (node:fs:441:20)', '/app/a.js:1:1'))[0]).toMatchObject({
    fn: '<anonymous> in Object.readFileSync',
  });
});

test('an idle thread is nowhere', () => {
  expect(parseStack(stack('process.processTimers (node:internal/timers:521:7)'))).toEqual([]);
  expect(parseStack('no stack at all')).toEqual([]);
});
