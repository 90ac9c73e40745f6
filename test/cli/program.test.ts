import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { commands, version } from '../../src/cli/program.ts';
import { offloop } from '../support/cli.ts';

const { version: own } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

describe('help and version', () => {
  test.each([['--version'], ['-v']])('%s prints the version of the package', async (word) => {
    expect(await offloop([word])).toEqual({ code: 0, stdout: `${own}\n`, stderr: '' });
    expect(version()).toBe(own);
  });

  test.each([['--help'], ['-h'], ['help']])('%s lists all commands on stdout', async (word) => {
    const { code, stdout, stderr } = await offloop([word]);
    expect([code, stderr]).toEqual([0, '']);
    for (const { name, summary } of commands) expect(stdout).toMatch(new RegExp(`^  ${name} .*${summary}$`, 'm'));
  });

  test.each(commands.map(({ name }) => [name]))('%s has help of its own, which names each option', async (name) => {
    const { code, stdout, stderr } = await offloop([name, '--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(`Usage: offloop ${name} `);
    for (const option of Object.keys(commands.find((c) => c.name === name)!.options)) expect(stdout).toContain(`  --${option}`);
    expect(await offloop(['help', name])).toMatchObject({ code: 0, stdout });
  });

  test('colours are for terminals', async () => {
    expect((await offloop(['--help'])).stdout).not.toContain('\x1b[');
    expect((await offloop(['--help'], { terminal: true })).stdout).toContain('\x1b[1m');
    expect((await offloop(['--help'], { terminal: true, env: { NO_COLOR: '1' } })).stdout).not.toContain('\x1b[');
  });
});

describe('wrong usage is exit code 2, one line, and nothing on stdout', () => {
  test.each([
    [['dmup'], 'offloop: unknown command dmup; did you mean dump? (offloop --help lists them)\n'],
    [['frobnicate'], 'offloop: unknown command frobnicate (offloop --help lists them)\n'],
    [['--hlep'], 'offloop: unknown option --hlep; did you mean --help? (offloop --help lists them)\n'],
    [['dump'], 'offloop: dump: too few arguments; usage: offloop dump PID\n'],
    [['dump', 'node'], 'offloop: dump: a process id is a positive whole number; got "node"\n'],
    [
      ['top', '1', '--intervall', '5'],
      'offloop: top has no option --intervall; did you mean --interval? (offloop top --help lists them)\n',
    ],
    [['help', 'dupm'], 'offloop: unknown command dupm; did you mean dump? (offloop --help lists them)\n'],
  ])('%j', async (args, stderr) => {
    expect(await offloop(args)).toEqual({ code: 2, stdout: '', stderr });
  });

  test('no command at all shows the overview on stderr', async () => {
    const { code, stdout, stderr } = await offloop([]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('no command given');
    expect(stderr).toContain('Usage: offloop <command>');
  });
});
