import { readdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.resolve('@types/node/package.json')));

/** Twelve real files, the largest first. */
export async function someFiles(): Promise<string[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.d.ts')).map((name) => folder + name);
  const sizes = new Map(await Promise.all(files.map(async (file) => [file, (await stat(file)).size] as const)));
  return files.sort((a, b) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0)).slice(0, 12);
}
