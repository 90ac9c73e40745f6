/**
 * The package as a user meets it: packed as `npm publish` would, installed from the tarball in an empty folder outside the
 * repository, used by programs that run in a process of their own. Nothing here can reach src/ or this repository's node_modules.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { copyRepository, root } from './repository-copy.ts';

const patience = 60_000; // for a program; longer than that it hangs

export interface Outcome {
  stdout: string;
  stderr: string;
  exit: number | NodeJS.Signals | null;
}

export interface Consumer {
  readonly folder: string;
  readonly tarball: string;
  /** What the tarball holds, sorted. */
  readonly files: string[];
  /** Runs `node …args` in a subfolder, with the Node that runs the tests. */
  node(subfolder: string, ...args: string[]): Promise<Outcome>;
  /** Runs `npm …args` in a subfolder. */
  npm(subfolder: string, ...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

/** What vitest and `npm test` put into the environment must not reach the user's processes. */
function cleanEnv(): NodeJS.ProcessEnv {
  const ours = /^(?:VITEST|NODE_OPTIONS|NODE_ENV|TEST|OFFLOOP_|npm_(?:package|lifecycle|config_local_prefix))/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}

async function npm(cwd: string, ...args: string[]): Promise<string> {
  try {
    return (await promisify(execFile)('npm', args, { cwd, env: cleanEnv(), maxBuffer: 2 ** 26 })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }; // the compiler complains on stdout
    throw new Error(`npm ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** Builds first, apart, because the output of a `prepare` script would stand in the way of `--json`. */
async function pack(destination: string): Promise<{ tarball: string; files: string[] }> {
  const copy = await copyRepository();
  try {
    await npm(copy.folder, 'run', 'build');
    const report: unknown = JSON.parse(await npm(copy.folder, 'pack', '--ignore-scripts', '--json', '--pack-destination', destination));
    const [packed] = Object.values(report as Record<string, { filename: string; files: { path: string }[] }>);
    return { tarball: join(destination, packed!.filename), files: packed!.files.map(({ path }) => path).sort() };
  } finally {
    await copy.remove();
  }
}

async function ourVersionOf(name: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> };
  return `${name}@${manifest.devDependencies[name]}`;
}

/** Packs and installs once, next to `devPackages` (in the versions we develop with), and writes the users' `programs`. */
export async function installConsumer(programs: Record<string, string>, devPackages: string[] = []): Promise<Consumer> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'offloop-consumer-')));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const node = (subfolder: string, ...args: string[]): Promise<Outcome> => runNode(join(folder, subfolder), args);
  try {
    const packed = await pack(folder);
    await install(folder, [packed.tarball, ...(await Promise.all(devPackages.map(ourVersionOf)))]);
    await write(folder, programs);
    return { folder, ...packed, node, npm: (subfolder, ...args) => npm(join(folder, subfolder), ...args), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function install(folder: string, packages: string[]): Promise<void> {
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  await npm(folder, 'install', '--prefer-offline', '--no-audit', '--no-fund', ...packages);
}

async function write(folder: string, programs: Record<string, string>): Promise<void> {
  for (const [path, source] of Object.entries(programs)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), source);
  }
}

function runNode(cwd: string, args: string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
    const child = spawn(process.execPath, args, { cwd, env: cleanEnv(), stdio, timeout: patience, killSignal: 'SIGKILL' });
    const outcome: Outcome = { stdout: '', stderr: '', exit: null };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.stderr += text));
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ ...outcome, exit: code ?? signal }));
  });
}
