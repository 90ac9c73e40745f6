/**
 * The flags a worker starts with. Node hands the flags of the program down to its workers, which is right for most of them
 * (`--conditions`, `--import ./telemetry.mjs`, warnings) and fatal or silly for a few. What is left out, and why:
 *
 * - `--input-type`: every worker dies with ERR_INPUT_TYPE_NOT_ALLOWED, on all Node lines.
 * - `--eval`, `--print`, `--check`, `--interactive`, `--run`, `--entry-url`, `--build-snapshot`: say what the *program* is.
 * - `--test*`, `--watch*`: make the program a test runner or a watcher; a worker is neither. `--bench*` (Node 26) likewise.
 * - `--inspect*`, `--debug-port`: `--inspect-brk` and `--inspect-wait` hang a worker for ever; two processes cannot share a port.
 * - `--env-file*`, `--experimental-*config-file`: have been read; their result is in `process.env` and in the flags.
 * - tsx's own `--require …preflight.cjs --import …loader.mjs`, in all spellings: costs each worker 60–100 ms, and on Node 20
 *   hooks `require` only, so that `import()` of a .ts module fails all the same. `workers/load.ts` starts tsx by itself, when
 *   the first module needs it (`WorkerHints.tsx`). `NODE_OPTIONS=--import tsx` reaches workers through the environment; it is
 *   the user's, costs what Node makes it cost, and does no harm.
 * - vitest's `--require …suppress-warnings.cjs`: the test runner's own.
 * - threads only: V8 options and others that belong to the process as a whole (`--max-old-space-size`, `--expose-gc`, `--title`,
 *   about ninety): a worker refuses them with ERR_WORKER_INVALID_EXEC_ARGV, and has their effect anyway. Which ones they
 *   are differs from line to line, so we ask Node, see `acceptedByWorkers`.
 *
 * The flags of the permission model are always kept: a worker started without them could read and write everything.
 */
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { wrongType } from '../base/validate.ts';
import { bootstrapArgv } from '../base/worker-file.ts';
import { workerState } from './worker-state.ts';
import type { WorkerHints } from './worker-state.ts';

const leftOut =
  /^(?:--input-type|--eval|-e|--print|-pe?|--check|-c|--interactive|-i|--run|--entry-url|--build-snapshot(?:-config)?|--(?:experimental-)?(?:test|bench)(?:-.*)?|--watch(?:-.*)?|--inspect(?:-.*)?|--debug-port|--env-file(?:-if-exists)?|--experimental-(?:default-)?config-file|--)$/;
const loaderFlags = new Set(['--import', '--require', '-r', '--loader', '--experimental-loader']);
const tsxModule = /(?:^|[\\/])tsx(?:$|[\\/](?:dist|esm|cjs|preflight|suppress-warnings)(?:$|[\\/.]))/;
const vitestModule = /[\\/]vitest[\\/]suppress-warnings\.cjs$/;
const permissionModel = /^--(?:experimental-)?permission$/;
const permission = /^--(?:permission(?:-audit)?|experimental-permission|allow-.*)$/;

export interface WorkerFlagsOptions {
  /** A process of its own takes the options of V8 and of the process too. @default 'thread' */
  readonly kind?: 'thread' | 'process' | undefined;
  /** Flags of the program. @default process.execArgv */
  readonly inherited?: readonly string[] | undefined;
}

/**
 * The `execArgv` for a new worker: the user's own when given, else what the program was started with, minus the flags above.
 * Our own preload is added where a worker needs it to start at all.
 */
export function workerExecArgv(own: readonly string[] | undefined, options: WorkerFlagsOptions = {}): string[] {
  const { kind = 'thread', inherited = process.execArgv } = options;
  const flags = split(inherited);
  if (own !== undefined) {
    checkExecArgv(own);
    // Options of a pool are no way out of the permission model, unless they set up one of their own.
    const kept = split(own).some(({ name }) => permissionModel.test(name)) ? [] : flags.filter(({ name }) => permission.test(name));
    return [...kept.flatMap(({ words }) => words), ...own, ...bootstrapArgv()];
  }
  const kept = flags.filter((flag) => !leftOut.test(flag.name) && !isToolOf(flag, tsxModule) && !isToolOf(flag, vitestModule));
  const usable = kind === 'process' ? kept : acceptedByWorkers(kept);
  return [...usable.flatMap(({ words }) => words), ...bootstrapArgv()];
}

/** What a worker of this program must know: `enterWorker(hints)` on its side. In a worker, what that one was told. */
export function workerHints(): WorkerHints {
  return workerState()?.hints ?? { mainFile: mainFile(), ...tsxHints() };
}

/** Whether tsx was asked for on the command line or in NODE_OPTIONS, and which one. */
export function tsxHints(
  execArgv: readonly string[] = process.execArgv,
  nodeOptions: string = process.env['NODE_OPTIONS'] ?? '',
): Pick<WorkerHints, 'tsx' | 'tsxFrom'> {
  const words = nodeOptions.split(/\s+/).filter((word) => word !== '');
  const flags = [...split(execArgv), ...split(words)].filter((flag) => isToolOf(flag, tsxModule));
  const file = flags.map(({ value = '' }) => (value.startsWith('file:') ? fileURLToPath(value) : value)).find(isAbsolute);
  return { tsx: flags.length > 0, tsxFrom: file === undefined ? undefined : dirname(file) };
}

/** The file of the program, as its `import.meta.url` names it: `node app` and a link both lead to /real/app.js. */
function mainFile(): string | undefined {
  const [, file] = process.argv;
  if (file === undefined) return undefined;
  try {
    return realpathSync(createRequire(import.meta.url).resolve(file));
  } catch {
    return undefined;
  }
}

interface Flag {
  readonly name: string;
  readonly value: string | undefined;
  /** As written: one word (`--import=x`) or two (`--import x`). */
  readonly words: readonly string[];
}

/** A word without a dash is the value of the flag before it: execArgv ends where the program's file begins. */
function split(argv: readonly string[]): Flag[] {
  const flags: Flag[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    const next = argv[i + 1];
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    // Node reads `--max_old_space_size` as `--max-old-space-size`.
    const name = (equals < 0 ? word : word.slice(0, equals)).replaceAll('_', '-');
    if (equals < 0 && next !== undefined && !next.startsWith('-')) {
      flags.push({ name, value: next, words: [word, next] });
      i++;
    } else flags.push({ name, value: equals < 0 ? undefined : word.slice(equals + 1), words: [word] });
  }
  return flags;
}

function isToolOf({ name, value }: Flag, tool: RegExp): boolean {
  return loaderFlags.has(name) && value !== undefined && tool.test(value);
}

const unknownFlag = '--offloop-is-asking';

/**
 * Asks Node which flags a worker may have: with a flag nobody knows among them the constructor always throws, at once and
 * before any thread exists (0.05 ms), and says the same as for that flag alone when it has nothing against the others.
 * A table of some ninety names per Node line would be wrong on the next line.
 */
function acceptedByWorkers(flags: readonly Flag[]): readonly Flag[] {
  const unsure = flags.filter(({ name }) => !loaderFlags.has(name));
  if (unsure.length === 0) return flags;
  const nothingWrong = complaint([]);
  if (nothingWrong === undefined || complaint(unsure) === nothingWrong) return flags;
  return flags.filter((flag) => loaderFlags.has(flag.name) || complaint([flag]) === nothingWrong);
}

function complaint(flags: readonly Flag[]): string | undefined {
  try {
    const worker = new Worker('', { eval: true, execArgv: [...flags.flatMap(({ words }) => words), unknownFlag] });
    void worker.terminate(); // Not Node as we know it: it started.
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function checkExecArgv(own: readonly string[]): void {
  if (!Array.isArray(own)) throw wrongType('execArgv', 'an array of strings', own);
  const bad = own.findIndex((word) => typeof word !== 'string');
  if (bad >= 0) throw wrongType(`execArgv[${bad}]`, 'a string', own[bad]);
}
