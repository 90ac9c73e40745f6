/** What a command is, and how its part of the command line is read. */
import { parseArgs } from 'node:util';
import { usageError } from './command-error.ts';
import type { Console } from './console.ts';
import { didYouMean } from './nearest.ts';

export interface Option {
  /** What follows the option, as help shows it: `ms`, `file`. None for a switch. */
  readonly value?: string;
  /** The value may be left out, which means this; a word that follows is the value only if it ends like this one. */
  readonly implied?: string;
  readonly help: string;
}

export interface Command {
  readonly name: string;
  /** The rest of the usage line. */
  readonly usage: string;
  readonly summary: string;
  /** Paragraphs for `--help`. */
  readonly details?: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Where its own words end: what follows the first operand belongs to somebody else. */
  readonly passesOn?: boolean;
  run(input: Input, console: Console): Promise<number> | number;
}

export interface Input {
  readonly operands: readonly string[];
  /** A switch that is on is ''. */
  readonly values: ReadonlyMap<string, string>;
}

export function readArguments(command: Command, args: readonly string[]): Input {
  const { own, rest } = split(command, args);
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, { value }]) => [name, { type: value === undefined ? 'boolean' : 'string' } as const]),
  );
  const { tokens } = parseArgs({ args: own, options, strict: false, allowPositionals: true, tokens: true });
  const operands: string[] = [];
  const values = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    else if (token.kind === 'option') values.set(token.name, valueOf(command, token));
  }
  return { operands: [...operands, ...rest], values };
}

/** What `parseArgs` does not know: options whose value may be left out, and where somebody else's words begin. */
function split({ options, passesOn }: Command, args: readonly string[]): { own: string[]; rest: readonly string[] } {
  const own: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (word === '--') return { own, rest: args.slice(i + 1) };
    const isOption = word.startsWith('-') && word !== '-';
    if (!isOption && passesOn === true) return { own, rest: args.slice(i) };
    const name = word.slice(2);
    const option = isOption && Object.hasOwn(options, name) ? options[name] : undefined;
    const next = args[i + 1];
    if (option?.implied !== undefined) own.push(`${word}=${endsAlike(next, option.implied) ? args[++i] : option.implied}`);
    else if (option?.value !== undefined && next !== undefined) own.push(word, args[++i]!);
    else own.push(word);
  }
  return { own, rest: [] };
}

function endsAlike(word: string | undefined, implied: string): boolean {
  const ending = /\.\w+$/.exec(implied)?.[0];
  return word !== undefined && !word.startsWith('-') && ending !== undefined && word.endsWith(ending);
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
}

function valueOf({ name: command, options }: Command, { name, rawName, value }: OptionToken): string {
  const names = [...Object.keys(options), 'help'].map((known) => `--${known}`);
  if (!Object.hasOwn(options, name) || !rawName.startsWith('--')) {
    throw usageError(`${command} has no option ${rawName}${didYouMean(rawName, names)} (offloop ${command} --help lists them)`);
  }
  const { value: takes } = options[name]!;
  if (takes === undefined) {
    if (value !== undefined) throw usageError(`--${name} takes no value; got ${JSON.stringify(value)}`);
    return '';
  }
  if (value === undefined || value === '' || value.startsWith('--')) throw usageError(`--${name} needs a value: --${name} <${takes}>`);
  return value;
}

export function checkOperands({ name, usage }: Command, { operands }: Input, least: number, most: number): void {
  if (operands.length >= least && operands.length <= most) return;
  const what = operands.length < least ? 'too few' : `too many (${operands.slice(most).join(' ')})`;
  throw usageError(`${name}: ${what} arguments; usage: offloop ${name} ${usage}`);
}

export function numberOf(
  { values }: Input,
  name: string,
  { least, most = Infinity }: { least: number; most?: number },
): number | undefined {
  const text = values.get(name);
  if (text === undefined) return undefined;
  const number = text.trim() === '' ? NaN : Number(text);
  if (number >= least && number <= most && number !== Infinity) return number;
  const range = most === Infinity ? `${least} or more` : `from ${least} to ${most}`;
  throw usageError(`--${name} must be a number, ${range}; got ${JSON.stringify(text)}`);
}

/** `1234`, as `ps` prints it. */
export function pidOf(command: Command, input: Input): number {
  checkOperands(command, input, 1, 1);
  const text = input.operands[0]!;
  const pid = Number(text);
  if (!/^\d+$/.test(text) || pid === 0 || pid > 2 ** 31 - 1) {
    throw usageError(`${command.name}: a process id is a positive whole number; got ${JSON.stringify(text)}`);
  }
  if (pid === process.pid) throw usageError(`${command.name}: ${pid} is this command itself`);
  return pid;
}
