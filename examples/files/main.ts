/** Reads every TypeScript file of this project, at most 16 at once. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { map, run } from 'offloop';

const root = fileURLToPath(new URL('../../src', import.meta.url));

await run(async () => {
  const names = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.ts'));
  let [open, peak] = [0, 0];
  const lines = await map(
    names,
    async (name) => {
      peak = Math.max(peak, ++open);
      const text = await readFile(join(root, name), 'utf8');
      open--;
      return text.split('\n').length - 1;
    },
    { limit: 16 },
  );
  const longest = Math.max(...lines);
  console.log(
    `${names.length > 100 ? 'more than 100' : names.length} files, at most ${peak} open at once, none above ${longest > 350 ? longest : 350} lines`,
  );
});
