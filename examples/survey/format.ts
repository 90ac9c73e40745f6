/** Numbers and names as a person reads them. */

const grouped = new Intl.NumberFormat('en');

export function count(n: number): string {
  return grouped.format(n);
}

/** `plural(1, 'file')` is "1 file". */
export function plural(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? '' : 's'}`;
}

const units = ['kB', 'MB', 'GB', 'TB', 'PB'];

export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const power = Math.min(units.length, Math.floor(Math.log10(bytes) / 3));
  return `${threeDigits(bytes / 1000 ** power)} ${units[power - 1]}`;
}

export function duration(ms: number): string {
  return ms < 1000 ? `${threeDigits(ms)} ms` : `${threeDigits(ms / 1000)} s`;
}

/** One digit after the point, up to 100. */
function threeDigits(n: number): string {
  return n < 99.95 ? n.toFixed(1) : count(Math.round(n));
}

export function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${Math.floor((100 * part) / whole)} %`;
}

/**
 * A name may hold anything, even a sequence that reprograms the terminal: what does not print as itself is shown as an escape.
 * Cc: control characters, Cf: invisible ones that change direction, Zl and Zp: line breaks, Cs and Co: no characters.
 */
export function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu, (c) => {
    const code = c.codePointAt(0)!;
    return named[c] ?? (code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`);
  });
}

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Shortens in the middle: both ends of a path say something. */
export function shorten(text: string, width: number): string {
  const letters = Array.from(text);
  if (letters.length <= width) return text;
  const head = Math.max(0, Math.floor((width - 1) / 3));
  const tail = Math.max(0, width - 1 - head);
  return `${letters.slice(0, head).join('')}…${tail === 0 ? '' : letters.slice(-tail).join('')}`;
}

/** Breaks a text into lines of at most `width`, between words. */
export function wrapped(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line === '' || line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`.trimStart();
    else lines.push(word);
  }
  return lines;
}
