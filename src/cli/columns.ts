/** Text in columns. */
import { stripVTControlCharacters } from 'node:util';

const ESCAPE = 0x1b;

/** The text as far as it fits; colours count for nothing, and end with it. */
export function cut(line: string, width: number): string {
  if (stripVTControlCharacters(line).length <= width) return line;
  let [kept, shown] = ['', 0];
  for (let i = 0; i < line.length; i++) {
    const end = line.charCodeAt(i) === ESCAPE ? line.indexOf('m', i) : -1;
    if (end >= 0) kept += line.slice(i, end + 1);
    else if (shown++ < width) kept += line[i];
    if (end >= 0) i = end;
  }
  return kept;
}

/** Numbers stand to the right. The last column is as wide as it is. */
export function columns(rows: readonly (readonly string[])[], right: ReadonlySet<number> = new Set()): string[] {
  const width = (text: string): number => stripVTControlCharacters(text).length;
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, width(cell))));
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const space = ' '.repeat(widths[i]! - width(cell));
        return right.has(i) ? space + cell : cell + space;
      })
      .join('   ')
      .trimEnd(),
  );
}
