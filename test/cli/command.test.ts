import { describe, expect, test } from 'vitest';
import { checkOperands, numberOf, pidOf, readArguments } from '../../src/cli/command.ts';
import type { Command } from '../../src/cli/command.ts';

const command: Command = {
  name: 'x',
  usage: '[options] FILE',
  summary: 'a command',
  options: {
    json: { help: '' },
    threshold: { value: 'ms', help: '' },
    html: { value: 'file', implied: 'lag.html', help: '' },
  },
  run: () => 0,
};
const runner: Command = { ...command, passesOn: true };

const read = (of: Command, line: string): [readonly string[], Record<string, string>] => {
  const { operands, values } = readArguments(of, line.split(' ').filter(Boolean));
  return [operands, Object.fromEntries(values)];
};

describe('words are told apart', () => {
  test.each([
    ['a --json', ['a'], { json: '' }],
    ['--json a', ['a'], { json: '' }],
    ['--threshold 5 a', ['a'], { threshold: '5' }],
    ['--threshold=5 a', ['a'], { threshold: '5' }],
    ['--html a', ['a'], { html: 'lag.html' }],
    ['--html out.html a', ['a'], { html: 'out.html' }],
    ['a --html out.html', ['a'], { html: 'out.html' }],
    ['a --html=out', ['a'], { html: 'out' }],
    ['a --html', ['a'], { html: 'lag.html' }],
    ['--html --json a', ['a'], { html: 'lag.html', json: '' }],
    ['-- --json', ['--json'], {}],
    ['-', ['-'], {}],
    ['', [], {}],
  ])('%s', (line, operands, values) => {
    expect(read(command, line)).toEqual([operands, values]);
  });
});

describe('what follows a program belongs to the program', () => {
  test.each([
    ['--json app.js --json --unknown', ['app.js', '--json', '--unknown'], { json: '' }],
    ['--threshold 5 app.js --threshold 6', ['app.js', '--threshold', '6'], { threshold: '5' }],
    ['--html app.js -- x', ['app.js', '--', 'x'], { html: 'lag.html' }],
    ['-- app.js --json', ['app.js', '--json'], {}],
  ])('%s', (line, operands, values) => {
    expect(read(runner, line)).toEqual([operands, values]);
  });
});

describe('a mistake is named, with the remedy', () => {
  test.each([
    ['--jsn a', 'x has no option --jsn; did you mean --json? (offloop x --help lists them)'],
    ['-j a', 'x has no option -j (offloop x --help lists them)'],
    ['--json=1', '--json takes no value; got "1"'],
    ['--threshold', '--threshold needs a value: --threshold <ms>'],
    ['--threshold --json', '--threshold needs a value: --threshold <ms>'],
    ['--html=', '--html needs a value: --html <file>'],
  ])('%s', (line, message) => {
    expect(() => read(command, line)).toThrow(message);
  });

  test('too few and too many operands', () => {
    expect(() => checkOperands(command, readArguments(command, []), 1, 1)).toThrow('x: too few arguments; usage: offloop x [options] FILE');
    expect(() => checkOperands(command, readArguments(command, ['a', 'b']), 1, 1)).toThrow('too many (b)');
  });
});

test('numbers are checked against their range', () => {
  const of = (text: string): number | undefined =>
    numberOf(readArguments(command, [`--threshold=${text}`]), 'threshold', { least: 20, most: 99 });
  expect(of('20')).toBe(20);
  expect(of('50.5')).toBe(50.5);
  for (const text of ['19', '100', 'soon', 'Infinity', 'NaN', ' '])
    expect(() => of(text)).toThrow('--threshold must be a number, from 20 to 99; got');
  expect(numberOf(readArguments(command, []), 'threshold', { least: 1 })).toBeUndefined();
});

test('a process id is a positive whole number, and not our own', () => {
  expect(pidOf(command, readArguments(command, ['123']))).toBe(123);
  for (const text of ['0', '-5', '1.5', 'node', '1e3', '99999999999']) {
    expect(() => pidOf(command, { operands: [text], values: new Map() })).toThrow('a process id is a positive whole number');
  }
  expect(() => pidOf(command, { operands: [String(process.pid)], values: new Map() })).toThrow('is this command itself');
});
