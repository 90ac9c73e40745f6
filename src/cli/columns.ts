/** Text in columns. */
import { stripVTControlCharacters } from 'node:util';

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
