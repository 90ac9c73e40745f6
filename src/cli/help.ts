/** `offloop --help` and `offloop <command> --help`. */
import type { Command } from './command.ts';
import type { Paint } from './console.ts';

export function overview(commands: readonly Command[], version: string, paint: Paint): string {
  const width = Math.max(...commands.map(({ name, usage }) => `${name} ${usage}`.length), 0);
  const lines = commands.map(({ name, usage, summary }) => {
    const call = `${name} ${usage}`;
    return `  ${paint('bold', name)}${call.slice(name.length).padEnd(width - name.length)}   ${summary}`;
  });
  return [
    `offloop ${version}: which line blocked the event loop, in which task, and why`,
    '',
    `${paint('bold', 'Usage:')} offloop <command> [options]`,
    '',
    ...lines,
    '',
    '  offloop <command> --help tells more; offloop --version',
    '',
    `${paint('bold', 'Exit codes:')} ${exitCodeText}`,
  ].join('\n');
}

const exitCodeText =
  '0 done · 1 what was asked about failed, or cannot be read · 2 wrong usage ·\n' +
  '  3 the process is not there, not yours, not Node, or cannot be asked. run: as the program, 128+n for signal n.';

export function helpOf({ name, usage, summary, details, options }: Command, paint: Paint): string {
  const rows = Object.entries({ ...options, help: { help: 'show this' } }).map(
    ([name, { value, implied, help }]: [string, Command['options'][string]]) =>
      [`--${name}${value === undefined ? '' : implied === undefined ? ` <${value}>` : ` [${value}]`}`, help] as const,
  );
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    `${paint('bold', 'Usage:')} offloop ${name} ${usage}`,
    '',
    `${summary[0]!.toUpperCase()}${summary.slice(1)}.`,
    ...(details === undefined ? [] : ['', details]),
    '',
    paint('bold', 'Options:'),
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right.replaceAll('\n', `\n${' '.repeat(width + 5)}`)}`),
  ].join('\n');
}
