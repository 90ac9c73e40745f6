import { expect, test } from 'vitest';
import { Console, painter, wantsColours } from '../../src/cli/console.ts';
import { Sink } from '../support/cli.ts';

test.each([
  ['a terminal has colours', true, {}, true],
  ['a pipe has none', false, {}, false],
  ['NO_COLOR takes them from a terminal', true, { NO_COLOR: '1' }, false],
  ['an empty NO_COLOR says nothing', true, { NO_COLOR: '' }, true],
  ['FORCE_COLOR gives them to a pipe', false, { FORCE_COLOR: '1' }, true],
  ['FORCE_COLOR=0 takes them', true, { FORCE_COLOR: '0' }, false],
  ['NO_COLOR comes first', false, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ['a dumb terminal has none', true, { TERM: 'dumb' }, false],
])('%s', (_, isTTY, env, expected) => {
  expect(wantsColours(new Sink(isTTY), env)).toBe(expected);
});

test('paint is plain text without colours, and the same on every Node with them', () => {
  expect(painter(false)('red', 'a')).toBe('a');
  expect(painter(true)('red', 'a')).toBe('\x1b[31ma\x1b[39m');
});

test('answers go to stdout; notes and complaints to stderr, so that a pipe gets answers only', () => {
  const [stdout, stderr] = [new Sink(), new Sink()];
  const console = new Console({ stdout, stderr, env: {} });
  console.print('answer');
  console.printJson({ a: [1] });
  console.note('by the way');
  console.complain('no such thing');
  expect(stdout.text).toBe('answer\n{\n  "a": [\n    1\n  ]\n}\n');
  expect(stderr.text).toBe('by the way\noffloop: no such thing\n');
});
