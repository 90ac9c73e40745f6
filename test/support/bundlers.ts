/**
 * Bundlers as a user runs them, with the settings that docs/bundlers.md shows. Each builds files of `folder` into another one
 * there; only entries and output are the test's.
 */
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import config from '../../examples/bundlers/webpack.config.mjs';
import { cachedPackage } from './cached-package.ts';
import { root } from './repository-copy.ts';

export interface Build {
  readonly folder: string;
  readonly out: string;
  /** The main file first. */
  readonly entries: readonly string[];
}

async function esbuild({ folder, out, entries }: Build): Promise<void> {
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: folder,
    entryPoints: [...entries],
    outdir: out,
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    minify: true,
    logLevel: 'error',
  });
}

async function vite({ folder, out, entries }: Build): Promise<void> {
  const { loadConfigFromFile, mergeConfig, build } = await import('vite');
  const loaded = await loadConfigFromFile({ command: 'build', mode: 'production' }, join(root, 'examples/bundlers/vite.config.ts'));
  const { build: shown, ...rest } = loaded!.config;
  const input = entries.map((entry) => join(folder, entry));
  const ours = { root: folder, configFile: false, logLevel: 'error', build: { outDir: out, minify: true, rolldownOptions: { input } } };
  await build(mergeConfig({ ...rest, build: { ...shown, rolldownOptions: {} } }, ours));
}

interface Stats {
  hasErrors(): boolean;
  toString(options: object): string;
}
type Webpack = (config: object, done: (error: Error | null, stats: Stats) => void) => void;

async function webpack({ folder, out, entries }: Build): Promise<void> {
  const run = createRequire(import.meta.url)(await cachedPackage('webpack', '5.112.2')) as Webpack;
  const [main, ...others] = entries.map((entry) => [basename(entry, '.js'), join(folder, entry)] as const);
  const [name, file] = main as readonly [string, string];
  const dependOn = others.map(([other]) => other);
  const entry = { ...Object.fromEntries(others), [name]: dependOn.length === 0 ? file : { import: file, dependOn } };
  const whole = { ...config, context: folder, entry, output: { ...config.output, path: join(folder, out) } };
  await new Promise<void>((resolve, reject) => {
    run(whole, (error, stats) => {
      if (error !== null) reject(error);
      else if (stats.hasErrors()) reject(new Error(stats.toString({ all: false, errors: true })));
      else resolve();
    });
  });
}

export const bundlers: Readonly<Record<string, (build: Build) => Promise<void>>> = { esbuild, vite, webpack };
