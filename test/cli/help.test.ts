import { expect, test } from 'vitest';
import { helpOf, overview } from '../../src/cli/help.ts';
import type { Command } from '../../src/cli/command.ts';
import { plain } from '../support/cli.ts';

const a: Command = {
  name: 'a',
  usage: 'FILE',
  summary: 'does a',
  details: 'In detail.',
  options: { json: { help: 'as JSON' }, to: { value: 'file', help: 'one\ntwo' }, html: { value: 'file', implied: 'x.html', help: 'page' } },
  run: () => 0,
};
const longer: Command = { name: 'longer', usage: '', summary: 'does more', options: {}, run: () => 0 };

test('the overview lists every command in line, and the exit codes', () => {
  const text = overview([a, longer], '1.2.3', plain);
  expect(text).toContain('offloop 1.2.3');
  expect(text).toContain('  a FILE    does a\n  longer    does more\n');
  for (const code of ['0 done', '1 what', '2 wrong usage', '3 the process', '128+n']) expect(text).toContain(code);
});

test('help of a command shows usage, details and each option with its value', () => {
  expect(helpOf(a, plain)).toBe(
    [
      'Usage: offloop a FILE',
      '',
      'Does a.',
      '',
      'In detail.',
      '',
      'Options:',
      '  --json          as JSON',
      '  --to <file>     one',
      '                  two',
      '  --html [file]   page',
      '  --help          show this',
    ].join('\n'),
  );
});
