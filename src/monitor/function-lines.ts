/**
 * How far a function reaches, by its braces. The profiler counts the lines of inlined functions, which may be from another
 * file, among those of their caller: a line outside of the function is not its own.
 */
import { readFileSync } from 'node:fs';
import { pathOf } from './frames.ts';

/** Strings, comments and what looks like them: braces in there do not count. */
const SKIPPED = /\/\/.*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`/g;
const LONGEST = 5000;

/** The last line of the function that begins in this line; null if that cannot be told. */
export function lastLineOf(source: string, first: number): number | null {
  const lines = source.split('\n').slice(first - 1, first - 1 + LONGEST);
  const text = lines.join('\n').replace(SKIPPED, (skipped) => skipped.replace(/[^\n]/g, ' '));
  let depth = 0;
  let line = first;
  for (const char of text) {
    if (char === '\n') line++;
    else if (char === '{') depth++;
    else if (char === '}' && --depth === 0) return line;
  }
  return null;
}

/** What follows the parentheses of a loop in its line; nothing when they are still open. */
function behindHead(text: string): string {
  let depth = 0;
  for (let i = text.indexOf('('); i >= 0 && i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return text.slice(i + 1).trim();
  }
  return depth > 0 ? '' : text.trim();
}

export class FunctionLines {
  readonly #sources = new Map<string, string | null>();

  contains(file: string, first: number, line: number): boolean {
    const source = this.#read(pathOf(file));
    const last = source === null ? null : lastLineOf(source, first);
    return last !== null && line >= first && line <= last;
  }

  /** Whether a loop begins in that line, and what it does is in others. */
  opensLoop(file: string, line: number): boolean {
    const text = this.#read(pathOf(file))?.split('\n')[line - 1] ?? '';
    const [keyword] = /^\s*(?:[\w$]+:\s*)?(?:for|while|do)\b/.exec(text) ?? [];
    return keyword !== undefined && /^\{?$/.test(behindHead(text.slice(keyword.length).replace(SKIPPED, '')));
  }

  /** For a native call that no sample has seen: where the function names it. */
  find(file: string, first: number, callee: string): number | null {
    const source = this.#read(pathOf(file));
    const last = source === null ? null : lastLineOf(source, first);
    const name = /[\w$]+$/.exec(callee)?.[0];
    if (source === null || last === null || name === undefined) return null;
    const [head = '', ...body] = source.split('\n').slice(first - 1, last);
    const names = (line: string): boolean => line.split(/[^\w$]+/).includes(name);
    const index = body.findIndex(names);
    // The head comes last: `function decode() {` does not call what its body calls `decode`.
    return index >= 0 ? first + 1 + index : names(head) ? first : null;
  }

  #read(path: string): string | null {
    const known = this.#sources.get(path);
    if (known !== undefined) return known;
    let source: string | null = null;
    try {
      source = readFileSync(path, 'utf8');
    } catch {
      // not a file, or none that we may read
    }
    this.#sources.set(path, source);
    return source;
  }
}
