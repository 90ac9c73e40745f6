/** What the documentation shows must be true: each code block is a file, each file runs, and prints what is shown. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = ['README.md', 'CHANGELOG.md', ...readdirSync(join(root, 'docs')).map((f) => `docs/${f}`)].filter((f) => f.endsWith('.md'));

interface Block {
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

const blocks: Block[] = pages.flatMap((page) => {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map((m) => ({ page, language: m[1] as string, text: m[2] as string }));
});
const code = blocks.filter((b) => ['ts', 'js', 'mjs', 'cjs'].includes(b.language));
const outputs = blocks.filter((b) => b.text.startsWith('$ '));

async function runExample(command: string): Promise<string> {
  const [program, ...args] = command.split(' ') as [string, ...string[]];
  const { stdout, stderr } = await promisify(execFile)(program === 'node' ? process.execPath : program, args, { cwd: root });
  expect(stderr).toBe('');
  return stdout;
}

/** Figures differ from run to run; everything else must not. */
const withoutFigures = (text: string): string => text.replace(/\b\d+(?:[.,]\d+)* ms\b/g, 'N ms').trim();

test('there are code blocks and outputs to check', () => {
  expect(code.length).toBeGreaterThan(5);
  expect(outputs.length).toBeGreaterThan(1);
});

describe('each code block is a file', () => {
  test.each(code.map((b) => [`${b.page}: ${b.text.split('\n')[0]}`, b] as const))('%s', (_title, { text }) => {
    const [first, ...rest] = text.split('\n');
    const path = /^\/\/ (examples\/\S+)$/.exec(first as string)?.[1];
    expect(path, 'the first line of a code block names its file').toBeDefined();
    expect(readFileSync(join(root, path as string), 'utf8').trim()).toBe(rest.join('\n').trim());
  });
});

const commands = outputs.map((b) => [b.text.split('\n')[0] as string, b] as const);

describe('each command prints what is shown', () => {
  test.concurrent.each(commands)('%s', async (command, { text }) => {
    const shown = text.split('\n').slice(1).join('\n');
    expect(withoutFigures(await runExample(command.slice(2)))).toBe(withoutFigures(shown));
  });
});

describe('each example that is shown without its output runs', () => {
  const programs = [...new Set(code.map((b) => b.text.split('\n')[0]?.slice(3) as string))].filter(
    // Configurations are tried in test/package.
    (f) => !/jobs\.ts$|text\.ts$|db\.ts$|\.config\.m?[jt]s$/.test(f) && !commands.some(([command]) => command.endsWith(` ${f}`)),
  );
  test.concurrent.each(programs)('%s', async (file) => {
    expect((await runExample(`node --import tsx ${file}`)).length).toBeGreaterThan(0);
  });
});

describe('each link leads somewhere', () => {
  test.each(pages)('in %s', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map((m) =>
      (m[1] as string)
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .trim()
        .replace(/\s+/g, '-'),
    );
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g) as Iterable<[string, string]>) {
      if (/^https?:/.test(target)) continue;
      const [file, anchor] = target.split('#') as [string, string?];
      if (file !== '') expect(existsSync(resolve(root, dirname(page), file)), `${page} links to ${target}`).toBe(true);
      else expect(headings, `${page} links to ${target}`).toContain(anchor);
    }
  });
});
