/** Each snippet of asyncio has its twin, and both print the same: what docs/from-asyncio.md puts side by side is equal indeed. */
import { execFile, execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, 'examples', 'asyncio');
const names = readdirSync(folder)
  .filter((f) => f.endsWith('.ts'))
  .map((f) => f.slice(0, -3));
const page = readFileSync(join(root, 'docs', 'from-asyncio.md'), 'utf8');

/** Task groups and timeouts came with 3.11. */
function pythonVersion(): number {
  try {
    const [, minor] = /^Python 3\.(\d+)/.exec(execFileSync('python3', ['--version'], { encoding: 'utf8' })) ?? [];
    return Number(minor ?? 0);
  } catch {
    return 0;
  }
}

async function output(program: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(program, args, { cwd: root });
  expect(stderr).toBe('');
  return stdout;
}

test('there are pairs to compare, each with both sides', () => {
  expect(names.length).toBeGreaterThan(20);
  const python = readdirSync(folder).filter((f) => f.endsWith('.py'));
  expect(python.map((f) => f.slice(0, -3)).sort()).toEqual([...names].sort());
});

test.each(names)('%s stands in docs/from-asyncio.md, asyncio first, exactly as it is', (name) => {
  const [py, ts] = [`${name}.py`, `${name}.ts`].map((f) => readFileSync(join(folder, f), 'utf8').trimEnd());
  const python = page.indexOf(`\`\`\`python\n# examples/asyncio/${name}.py\n${py}\n\`\`\`\n`);
  const ours = page.indexOf(`\`\`\`ts\n// examples/asyncio/${name}.ts\n${ts}\n\`\`\`\n`);
  expect(python).toBeGreaterThan(0);
  expect(ours).toBeGreaterThan(python);
});

describe.skipIf(pythonVersion() < 11).concurrent('both sides print the same', () => {
  test.each(names)('%s', async (name) => {
    const [python, ours] = await Promise.all([
      output('python3', ['-B', join(folder, `${name}.py`)]),
      output(process.execPath, ['--import', 'tsx', join(folder, `${name}.ts`)]),
    ]);
    expect(ours).toBe(python);
    expect(ours).not.toBe('');
  });
});
