/** Bundlers as a user runs them, set up as docs/bundlers.md says. Each builds files of `folder` into another one there. */
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { cachedPackage } from './cached-package.ts';

/** Names of entries, without their extension. */
export interface Build {
  readonly folder: string;
  readonly out: string;
  readonly entries: readonly string[];
}

const nameOf = (entry: string): string => basename(entry, '.js');

async function esbuild({ folder, out, entries }: Build): Promise<void> {
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: folder,
    entryPoints: [...entries],
    outdir: out,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    splitting: true,
    minify: true,
    logLevel: 'error',
  });
}

async function vite({ folder, out, entries }: Build): Promise<void> {
  const { build } = await import('vite');
  await build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: true,
      target: 'node20',
      outDir: out,
      minify: true,
      rolldownOptions: { input: entries.map((entry) => join(folder, entry)) },
    },
  });
}

interface Stats {
  hasErrors(): boolean;
  toString(options: object): string;
}
type Webpack = (config: object, done: (error: Error | null, stats: Stats) => void) => void;

async function webpack({ folder, out, entries }: Build): Promise<void> {
  const run = createRequire(import.meta.url)(await cachedPackage('webpack', '5.112.2')) as Webpack;
  const [main, ...others] = entries.map((entry) => [nameOf(entry), join(folder, entry)] as const);
  const [name, file] = main as readonly [string, string];
  const dependOn = others.map(([other]) => other);
  const config = {
    mode: 'production',
    target: 'node20',
    entry: { ...Object.fromEntries(others), [name]: dependOn.length === 0 ? file : { import: file, dependOn } },
    experiments: { outputModule: true },
    output: { path: join(folder, out), filename: '[name].js', module: true },
    externalsType: 'module',
    externals: ['offloop'],
  };
  await new Promise<void>((resolve, reject) => {
    run(config, (error, stats) => {
      if (error !== null) reject(error);
      else if (stats.hasErrors()) reject(new Error(stats.toString({ all: false, errors: true })));
      else resolve();
    });
  });
}

export const bundlers: Readonly<Record<string, (build: Build) => Promise<void>>> = { esbuild, vite, webpack };
