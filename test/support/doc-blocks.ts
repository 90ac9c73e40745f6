/** What the documentation shows: its code blocks, each a file, and its commands with their output. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('../../', import.meta.url));
export const pages: string[] = [
  'README.md',
  'CHANGELOG.md',
  'examples/README.md',
  ...readdirSync(join(root, 'docs')).map((f) => `docs/${f}`),
].filter((f) => f.endsWith('.md'));

export interface Block {
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

export const blocks: readonly Block[] = pages.flatMap((page) =>
  [...pageText(page).matchAll(/^```(\w*)\n(.*?)^```$/gms)].map((m) => ({ page, language: m[1] as string, text: m[2] as string })),
);
export const code: readonly Block[] = blocks.filter((b) => ['ts', 'js', 'mjs', 'cjs'].includes(b.language));
const commands = blocks.filter((b) => b.text.startsWith('$ '));
export const besides: readonly Block[] = commands.filter((b) => b.text.split('\n')[0]?.endsWith(' &') === true);
/** `$ command`, and what it prints. */
export const outputs: readonly Block[] = commands.filter((b) => !besides.includes(b));

export function pageText(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

/** The file that the first line of a code block names, and what stands in it. */
export function fileOf({ text }: Block): { path: string | undefined; source: string } {
  const [first = '', ...rest] = text.split('\n');
  return { path: /^\/\/ (examples\/\S+)$/.exec(first)?.[1], source: rest.join('\n') };
}

/** Figures differ from run to run; everything else must not. */
export const withoutFigures = (text: string): string => text.replace(/\b\d+(?:[.,]\d+)* ms\b/g, 'N ms').trim();

/** A monitor tells, rightly, when a loaded machine kept the CPU from the program; nothing of the program is to blame for it. */
const starved =
  /offloop: (?:(?:Executing <callback> took|The process was suspended for) [\d.]+ seconds\n {2}cause: (?:cpu-starved|suspended|unknown)|Executing <.*> took [\d.]+ seconds\n {2}blocked at .*\n(?: {4}< .*\n)* {2}cause: cpu-starved) .*\n(?: {2}hint: (?:none of your code|.* had the CPUs).*\n)?/g;
export const withoutStarvation = (stderr: string): string => stderr.replaceAll(starved, '');
