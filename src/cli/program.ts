/** From a command line to an exit code. */
import { readFileSync } from 'node:fs';
import { CommandError, exitCodes, usageError } from './command-error.ts';
import { readArguments } from './command.ts';
import type { Command } from './command.ts';
import { Console } from './console.ts';
import type { Streams } from './console.ts';
import { dump } from './dump.ts';
import { helpOf, overview } from './help.ts';
import { didYouMean } from './nearest.ts';
import { ps } from './ps.ts';
import { pstree } from './pstree.ts';
import { report } from './report.ts';
import { run } from './run.ts';
import { top } from './top.ts';
import { worker } from './worker.ts';

export const commands: readonly Command[] = [run, report, dump, top, ps, pstree, worker];

/** Does what the words say, and resolves with the exit code. Never rejects: what goes wrong is told on stderr. */
export async function program(args: readonly string[], streams: Streams): Promise<number> {
  const console = new Console(streams);
  try {
    return await dispatch(args, console);
  } catch (error) {
    if (!(error instanceof CommandError)) {
      console.complain(`${(error as Error | null)?.stack ?? String(error)}\n(a mistake of offloop itself: please report it)`);
      return exitCodes.failed;
    }
    console.complain(error.message);
    return error.exitCode;
  }
}

async function dispatch([word, ...rest]: readonly string[], console: Console): Promise<number> {
  if (word === undefined) {
    console.complain('no command given\n');
    console.streams.stderr.write(`${overview(commands, version(), (_, text) => text)}\n`);
    return exitCodes.usage;
  }
  if (word === '--version' || word === '-v') return printed(console, version());
  if (isHelp(word) || word === 'help')
    return helpFor(
      rest.find((w) => !w.startsWith('-')),
      console,
    );
  const command = find(word);
  if (asksForHelp(command, rest)) return helpFor(word, console);
  return command.run(readArguments(command, rest), console);
}

function find(name: string): Command {
  const command = commands.find((c) => c.name === name);
  if (command !== undefined) return command;
  const names = commands.map((c) => c.name);
  const what = name.startsWith('-') ? 'option' : 'command';
  throw usageError(`unknown ${what} ${name}${didYouMean(name, [...names, '--help', '--version'])} (offloop --help lists them)`);
}

/** A program's own `--help` is the program's. */
function asksForHelp({ passesOn }: Command, rest: readonly string[]): boolean {
  const end = rest.findIndex((word) => word === '--' || (passesOn === true && !word.startsWith('-')));
  return (end < 0 ? rest : rest.slice(0, end)).some(isHelp);
}

const isHelp = (word: string): boolean => word === '--help' || word === '-h';

function helpFor(name: string | undefined, console: Console): number {
  if (name === undefined) return printed(console, overview(commands, version(), console.paint));
  return printed(console, helpOf(find(name), console.paint));
}

function printed(console: Console, text: string): number {
  console.print(text);
  return exitCodes.ok;
}

/** Two folders up from the sources, three from what is built. */
export function version(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { name?: string; version?: string };
      if (name === 'offloop' && version !== undefined) return version;
    } catch {
      // it is the other one
    }
  }
  return 'unknown';
}
