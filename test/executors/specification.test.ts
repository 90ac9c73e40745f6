/** README.md says where each line of the specification is tested: this keeps it true. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const rows = new Map(
  [...read('./README.md').matchAll(/^\| +(\d+) +\| (.*?) *\|$/gm)].map(([, line, cell]) => [Number(line), cell!.split('<br>')]),
);
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const lines = [...range(1, 91), 94, 95, ...range(97, 133), 137, 139];
const referenced = [...rows].flatMap(([line, cells]) =>
  cells.flatMap((cell) => {
    const [, title, path] = /^(.*) \(`([^`]+)`\)$/.exec(cell) ?? [];
    return title === undefined ? [] : [[line, title, path!] as const];
  }),
);

describe('the table of the specification', () => {
  it('has every line, each with a test or the reason why there is none', () => {
    const untold = lines.filter((line) => !rows.get(line)?.some((cell) => /\(`[^`]+`\)$|^not applicable: ./.test(cell)));
    expect(untold).toEqual([]);
  });

  it('names tests that exist, under that number', () => {
    const gone = referenced.filter(([line, title, path]) => {
      const text = read(`../${path}`).replaceAll("\\'", "'");
      const at = text.indexOf(`${title} (`);
      return at < 0 || !new RegExp(`^[^)]*\\b${line}\\b`).test(text.slice(at + title.length + 2));
    });
    expect(gone).toEqual([]);
  });
});
