/** Reads a log back. What cannot be used is left out and told of, one sentence for each kind; nothing else is lost by it. */
import { OffloopError } from '../base/errors.ts';
import { isLine, lineTypes } from './shape.ts';
import type { Line } from './model.ts';
import { VERSION } from './model.ts';

/** The log was written by a newer offloop, in a format that this one does not know. */
export class LogVersionError extends OffloopError {
  static {
    Object.defineProperty(this.prototype, 'name', { value: 'LogVersionError', writable: true, configurable: true });
  }
  /** The version of the line, and where it is: lines count from 1. */
  readonly version: number;
  readonly line: number;

  constructor(version: number, line: number) {
    super(
      'OFFLOOP_LOG_VERSION',
      `Line ${line} of the log has version ${version}, and this offloop reads up to version ${VERSION}: read it with the offloop that wrote it, or a newer one`,
    );
    this.version = version;
    this.line = line;
  }
}

export interface LogProblem {
  readonly kind: 'truncated' | 'garbage' | 'unknown-type';
  readonly count: number;
  /** The first line it happened in, from 1. */
  readonly line: number;
  /** One sentence. */
  readonly message: string;
}

export interface Log {
  readonly lines: readonly Line[];
  readonly problems: readonly LogProblem[];
}

/**
 * Takes the text of a log, or its pieces in order (strings or UTF-8 bytes, split anywhere).
 *
 * Throws a LogVersionError for a log of a newer version.
 */
export function readLog(text: string | Iterable<string | Uint8Array>): Log {
  const reader = new LogReader();
  for (const chunk of typeof text === 'string' ? [text] : text) reader.push(chunk);
  return reader.end();
}

class LogReader {
  readonly #lines: Line[] = [];
  readonly #found = new Map<string, { kind: LogProblem['kind']; what: string; count: number; line: number }>();
  readonly #decoder = new TextDecoder();
  #rest = '';
  #number = 0;

  push(chunk: string | Uint8Array): void {
    const text = this.#rest + (typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true }));
    const lines = text.split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) this.#read(line);
  }

  /** Only what ends with a line break was written completely, unless it can be read all the same. */
  end(): Log {
    const rest = this.#rest + this.#decoder.decode();
    if (rest.trim() !== '') this.#read(rest, true);
    return { lines: this.#lines, problems: [...this.#found.values()].map(toProblem) };
  }

  #read(text: string, last = false): void {
    this.#number++;
    if (text.trim() === '') return;
    const value = parse(text);
    const version = (value as { v?: unknown } | null)?.v;
    if (typeof version === 'number' && version > VERSION) throw new LogVersionError(version, this.#number);
    const type = (value as { type?: unknown } | null)?.type;
    if (version === VERSION && typeof type === 'string' && !lineTypes.has(type)) this.#note('unknown-type', type);
    else if (isLine(value)) this.#lines.push(value);
    else this.#note(last && value === undefined ? 'truncated' : 'garbage');
  }

  #note(kind: LogProblem['kind'], what = ''): void {
    const key = `${kind} ${what}`;
    const known = this.#found.get(key);
    if (known === undefined) this.#found.set(key, { kind, what, count: 1, line: this.#number });
    else known.count++;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toProblem({ kind, what, count, line }: { kind: LogProblem['kind']; what: string; count: number; line: number }): LogProblem {
  return { kind, count, line, message: sentence(kind, what, count, line) };
}

function sentence(kind: LogProblem['kind'], what: string, count: number, line: number): string {
  const many = count > 1;
  switch (kind) {
    case 'truncated':
      return `The last line (${line}) is cut off, as when the program is killed while it writes: it was left out.`;
    case 'garbage':
      return many
        ? `${count} lines are not lines of a lag log, the first of them line ${line}: they were left out.`
        : `Line ${line} is not a line of a lag log: it was left out.`;
    default:
      return many
        ? `${count} lines are of the unknown type ${JSON.stringify(what)}, the first of them line ${line}: they were left out.`
        : `Line ${line} is of the unknown type ${JSON.stringify(what)}: it was left out.`;
  }
}
