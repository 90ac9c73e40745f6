/**
 * `import()` of a user's module, with what it takes to run TypeScript on every Node line.
 *
 * A module runs by the rules of the program: when that runs under tsx, so does the module, or what works in the main thread
 * (enums, path aliases, extensionless imports, also in an `import()` made later) would fail in the worker. Otherwise Node
 * tries by itself, because tsx costs a worker 40–110 ms. When that fails before any of the module's code ran, and tsx could
 * help, the import is repeated under tsx. It is never repeated once code ran: what that did cannot be undone.
 *
 * "Before any code ran" is known for certain: modules are linked, all of them, before the first is evaluated. So we import a
 * module that imports a marker and then the user's; when the marker was not evaluated, nothing was.
 *
 * Node caches failed modules by URL, hence `?offloop-tsx` (the registry ignores it). Up to Node 22 it also keeps failures
 * further down in the graph; then the whole graph is loaded afresh, at the price of second copies of what it shares with
 * modules that were loaded before.
 */
import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { canStripTypes } from '../src/base/worker-file.ts';
import { workerState } from '../src/executors/worker-state.ts';
import { importFrom } from './import-from.ts';
import type { Imported } from './import-from.ts';
import { startTsx, tsxRuns } from './tsx.ts';

/** Imports a URL or a package. Rejects with Node's error, or with one that says what to do. */
export async function importModule(url: string): Promise<Imported> {
  if (isBuiltin(url)) return { namespace: (await import(url)) as Record<string, unknown> };
  if (/^data:/i.test(url)) return outcome(await attempt(url));
  if (!url.startsWith('file:')) return importPackage(url);
  if (!existsSync(pathOf(url))) throw new Error('there is no such file');
  const needsTsx = /\.[tj]sx$/.test(withoutQuery(url)) || (isTypeScript(url) && !canStripTypes());
  const wantsTsx = workerState()?.hints.tsx === true && !url.includes('/node_modules/');
  if (tsxRuns() || ((needsTsx || wantsTsx) && (await startTsx(url)) !== undefined)) return importByTsx(url);
  if (needsTsx) throw tsxMissing(url);
  return importNatively(url);
}

/** On Node 20 tsx mixes up `__dirname` in a CommonJS module that is imported statically, as the attempt below does it. */
async function importByTsx(url: string): Promise<Imported> {
  if (canStripTypes()) return outcome(await attempt(url));
  return { namespace: (await import(url)) as Record<string, unknown> };
}

async function importNatively(url: string): Promise<Imported> {
  const first = await attempt(url);
  if (first.ok || first.evaluated || !tsxCouldHelp(first.error, url)) return outcome(first);
  const tsx = await startTsx(url);
  if (tsx === undefined) throw withAdvice(first.error, url);
  const second = await attempt(`${url}${url.includes('?') ? '&' : '?'}offloop-tsx`);
  const sameAgain = !second.ok && !second.evaluated && codeOf(second.error) === codeOf(first.error);
  return sameAgain ? tsx.importAfresh(url) : outcome(second);
}

type Attempt = ({ readonly ok: true } & Imported) | { readonly ok: false; readonly error: unknown; readonly evaluated: boolean };

const marks = ((globalThis as Record<symbol, unknown>)[Symbol.for('offloop.evaluated.v1')] ??= new Set()) as Set<number>;
let attempts = 0;

async function attempt(url: string): Promise<Attempt> {
  const id = ++attempts;
  const marker = dataModule(`globalThis[Symbol.for('offloop.evaluated.v1')].add(${id})`);
  const entry = dataModule(`import '${marker}'; import * as namespace from ${JSON.stringify(url)}; export { namespace };`);
  try {
    return { ok: true, namespace: ((await import(entry)) as Imported).namespace };
  } catch (error) {
    return { ok: false, error, evaluated: marks.has(id) };
  } finally {
    marks.delete(id);
  }
}

function outcome(done: Attempt): Imported {
  if (!done.ok) throw done.error;
  return done;
}

/** The comment names the module's place in stack traces; quotes are encoded, so a data URL can be quoted in another one. */
function dataModule(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source).replaceAll("'", '%27')}`;
}

/** A package is looked for from the program's folder, and then from ours: a worker in a workspace may run elsewhere. */
async function importPackage(name: string): Promise<Imported> {
  const root = name.split('/', name.startsWith('@') ? 2 : 1).join('/');
  const absent = (error: unknown): boolean => (error as Error).message.startsWith(`Cannot find package '${root}'`);
  for (const folder of [process.cwd(), import.meta.dirname]) {
    try {
      return { namespace: await importFrom(folder)(name) };
    } catch (error) {
      if (!absent(error)) throw error;
    }
  }
  throw new Error(`there is no package '${root}'; for a file write new URL('./${name}', import.meta.url)`);
}

/**
 * In a TypeScript module anything that stops the linker may come from how it was read: syntax that cannot be stripped, a type
 * imported as if it were a value, `./dep` or `./dep.js` for dep.ts. A JavaScript module must have met TypeScript below it.
 */
function tsxCouldHelp(error: unknown, url: string): boolean {
  return isTypeScript(url) || isTypeScriptError(error);
}

function isTypeScriptError(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  return /^ERR_(?:UNKNOWN_FILE_EXTENSION|UNSUPPORTED_TYPESCRIPT_SYNTAX|UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING)$/.test(code);
}

function isTypeScript(url: string): boolean {
  return /\.(?:[cm]?ts|[tj]sx)$/.test(withoutQuery(url));
}

function tsxMissing(url: string): Error {
  const newer = withoutQuery(url).endsWith('x') ? '' : 'use Node >= 22.18, ';
  return new Error(`Node ${process.version} cannot run this kind of file by itself: install tsx, ${newer}or point to the compiled .js`);
}

/** Node's own error, with the way out when there is one. */
function withAdvice(error: unknown, url: string): unknown {
  const guessed = codeOf(error) === 'ERR_MODULE_NOT_FOUND' && (error as Error).message.startsWith('Cannot find module');
  if (!guessed && !isTypeScriptError(error)) return error;
  const why = guessed ? 'Node does not guess extensions: write them' : 'Node only strips types';
  const advice = `${why}, install tsx, or point to the compiled .js of ${pathOf(url)}`;
  return new Error(`${(error as Error).message} (${advice})`, { cause: error });
}

function pathOf(url: string): string {
  return fileURLToPath(withoutQuery(url));
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | null)?.code;
}
