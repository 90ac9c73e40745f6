/** What the documentation shows must be true: each code block is a file, each file runs, and prints what is shown. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { besides, code, fileOf, outputs, pages, pageText, root, withoutFigures, withoutStarvation } from '../support/doc-blocks.ts';

async function runExample(command: string): Promise<string> {
  const [program, ...args] = commandOf(command);
  const { stdout, stderr } = await promisify(execFile)(program, args, { cwd: root });
  expect(withoutStarvation(stderr)).toBe('');
  return stdout;
}

/** npx would find the command in the package that is installed; here it is the one that was just built. */
function commandOf(line: string): [string, ...string[]] {
  const [program, ...args] = line.split(' ') as [string, ...string[]];
  if (program === 'npx' && args[0] === 'offloop') return [process.execPath, 'dist/src/cli/main.js', ...args.slice(1)];
  return [program === 'node' ? process.execPath : program, ...args];
}

/** `$ program &`, its first line, `$ command $!`, and what that prints about the program while it runs. */
async function runBeside(text: string): Promise<{ shown: string; printed: string }> {
  const [start, first, command, ...shown] = text.trimEnd().split('\n') as [string, string, string, ...string[]];
  const [program, ...args] = commandOf(start.slice(2, -2));
  // Any port: something else may have the usual one just now.
  const child = spawn(program, args, { cwd: root, env: { ...process.env, NODE_OPTIONS: '--inspect-port=0' } });
  try {
    expect(String(await new Promise((printed) => child.stdout.once('data', printed)))).toBe(`${first}\n`);
    return { shown: shown.join('\n'), printed: await runExample(command.slice(2).replace('$!', String(child.pid))) };
  } finally {
    child.kill(); // offloop run passes it on
    await new Promise((ended) => child.once('close', ended));
  }
}

/** What is another in each process and on each Node: ids, versions, spans, columns, lines inside of Node, the path of Node. */
const anyProcess = (text: string): string =>
  withoutFigures(text)
    .replace(/^(Process|offloop top) \d+(:?) +\S*node /gm, '$1 N$2 node ')
    .replace(/Node v[\d.]+, up [\d.]+ \w+/g, 'Node vN, up N s')
    .replace(/(node:[\w/]+):\d+/g, '$1:N')
    .replace(/:\d+\)/g, ':N)')
    .replace(/sleep until [+-]N ms/g, 'sleep until N ms')
    .replace(/^(?:offloop top N|loop|now|delay|blocks|memory|gc|tasks) .*$/gm, (line) => line.replace(/\d+(?:\.\d+)?/g, 'N'))
    .replace(/^(now|blocks) .*$/gm, '$1') // the machine may be loaded
    .replace(/ {2,}/g, '  '); // columns are as wide as the figures in them

test('there are code blocks and outputs to check', () => {
  expect(code.length).toBeGreaterThan(5);
  expect(outputs.length).toBeGreaterThan(1);
});

describe('each code block is a file', () => {
  test.each(code.map((b) => [`${b.page}: ${b.text.split('\n')[0]}`, b] as const))('%s', (_title, block) => {
    const { path, source } = fileOf(block);
    expect(path, 'the first line of a code block names its file').toBeDefined();
    expect(readFileSync(join(root, path as string), 'utf8').trim()).toBe(source.trim());
  });
});

describe('whoever has the package but no clone finds on the page what its code blocks take', () => {
  /** README's example of many machines is that of the page to which it sends its reader. */
  const elsewhere: Readonly<Record<string, string>> = { 'README.md': 'docs/scale-out.md' };

  test.each([...new Set(code.map(({ page }) => page))])('%s', (page) => {
    const shown = code.filter((b) => [page, elsewhere[page]].includes(b.page)).map((b) => fileOf(b).path);
    const installed = [...pageText(page).matchAll(/npm install ([\w@/. -]+)/g)].flatMap(([, names]) =>
      (names as string).split(' ').map((name) => name.replace(/(?<=.)@.*/, '')),
    );
    for (const block of code.filter((b) => b.page === page)) {
      const { path = '', source } = fileOf(block);
      for (const [, name] of source.matchAll(/(?:from |import\(|require\(|require\.resolve\(|new URL\()'([^']+)'/g) as Iterable<
        [string, string]
      >) {
        if (/^(?:\.$|node:|offloop(?:\/|$))/.test(name)) continue;
        if (name.startsWith('.')) expect(shown, `${page}: ${path} imports ${name}`).toContain(join(dirname(path), name));
        else expect(installed, `${page}: ${path} imports ${name}`).toContain(name);
      }
    }
  });
});

const titled = outputs.map((b) => [b.text.split('\n')[0] as string, b] as const);

describe('each command prints what is shown', () => {
  test.concurrent.each(titled)('%s', async (command, { text }) => {
    const shown = text.split('\n').slice(1).join('\n');
    expect(withoutFigures(await runExample(command.slice(2)))).toBe(withoutFigures(shown));
  });
});

describe('each command that looks at a running program prints what is shown', () => {
  test.each(besides.map((b) => [b.text.split('\n')[2] as string, b] as const))('%s', async (_command, { text }) => {
    const { shown, printed } = await runBeside(text);
    expect(anyProcess(printed)).toBe(anyProcess(shown));
  });
});

/** Modules that others import, the pairs of asyncio.test.ts, programs that run until they are ended, and settings that test/package tries. */
const noProgram = /(?:jobs|text|heavy|db|files|serve|topic|connect|app)\.c?[jt]s$|^examples\/(?:asyncio|cli|bundlers)\//;

describe('each example that is shown without its output runs', () => {
  const shown = [...new Set(code.map((b) => fileOf(b).path as string))];
  const programs = shown.filter((f) => !noProgram.test(f) && !titled.some(([command]) => command.endsWith(` ${f}`)));
  test.concurrent.each(programs)('%s', async (file) => {
    expect((await runExample(`node --import tsx ${file}`)).length).toBeGreaterThan(0);
  });
});

/** GitHub's names of headings. */
function anchorsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    (heading as string)
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .trim()
      .replace(/\s+/g, '-'),
  );
}

describe('each link leads somewhere', () => {
  test.each(pages)('in %s', (page) => {
    for (const [, target] of pageText(page).matchAll(/\]\(([^)\s]+)\)/g) as Iterable<[string, string]>) {
      if (/^https?:/.test(target)) continue;
      const [path, anchor] = target.split('#') as [string, string?];
      const file = path === '' ? join(root, page) : resolve(root, dirname(page), path);
      expect(existsSync(file), `${page} links to ${target}`).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(file), `${page} links to ${target}`).toContain(anchor);
    }
  });
});
