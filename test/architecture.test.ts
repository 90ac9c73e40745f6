/**
 * The rules of the house that neither the compiler nor the linter can check. `docs/architecture.md` explains them.
 * Each rule is a function from a source tree to a list of violations, so it runs twice: on this repository, where it
 * must find nothing, and on a small tree that breaks it, where it must find something. A rule that went blind fails.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, posix } from 'node:path';
import { parseSync } from 'vite'; // the oxc parser that vitest brings along: TypeScript 7 has no API of its own for this
import { describe, expect, it } from 'vitest';

/** Imports point down. Folders on the same floor may see each other; cycles are caught by a rule of their own. */
const floors: Record<string, number> = {
  base: 0,
  wire: 1,
  core: 2,
  sync: 3,
  resilience: 4,
  executors: 5,
  monitor: 6,
  debug: 6,
  testing: 6,
  telemetry: 7,
  report: 7,
  cli: 8,
  index: 8,
};
const workersMayImport = ['base', 'wire', 'core', 'executors', 'monitor', 'report', 'workers'];
const sealedOffFromKernelInternals = ['sync', 'resilience', 'executors', 'monitor'];
/** The monitor works with none of these loaded: it reads them through `base/registry` and `statistics()`. Types are free. */
const monitorReadsOnlyStatisticsOf = ['sync', 'resilience', 'executors'];
const maxLines = 350;
const maxMedian = 100;
/** A worker file this short is a thin entry over logic that is tested under its own name. */
const thinEntryLines = 30;
/** piscina calls the default export of the file it loads; d3-flame-graph has one. */
const mayExportDefault = ['workers/thread.ts', 'src/report/page/libraries.d.ts'];
const bannedCalls: Record<string, string> = {
  'Promise.race': 'keeps every loser alive as long as the longest one; use the kernel’s waiters',
  'AbortSignal.any': 'leaks listeners on long-lived signals; link a waiter to the scope',
  'AbortSignal.timeout': 'its timer is unref’d, so the process may end first; use a deadline on the scope',
};
const inBrowser = 'runs in a browser: test/realtime/report-browser.test.ts';
/** Source files without a test file of the same name, each with the reason. An entry that is no longer needed fails. */
const withoutOwnTest: Record<string, string> = {
  'src/cli/in-target.ts': 'runs inside another process: test/realtime/cli-dump.test.ts and cli-tasks.test.ts',
  'src/cli/main.ts': 'runs when it is loaded: test/realtime/cli-run.test.ts',
  'src/cli/threads.ts': 'asks the threads of another process: test/realtime/cli-dump.test.ts',
  'src/monitor/main-link.ts': 'reaches the main thread from another one: test/realtime/monitor-process.test.ts',
  'src/monitor/preload.ts': 'runs when it is loaded: test/realtime/monitor-process.test.ts',
  'src/monitor/watchdog-thread.ts': 'wiring inside the watchdog’s thread: test/monitor/watchdog-host.test.ts starts it',
  'src/report/page/detail.ts': inBrowser,
  'src/report/page/dom.ts': inBrowser,
  'src/report/page/executors.ts': inBrowser,
  'src/report/page/flame.ts': inBrowser,
  'src/report/page/lanes.ts': inBrowser,
  'src/report/page/lines.ts': inBrowser,
  'src/report/page/main.ts': inBrowser,
  'src/report/page/source.ts': inBrowser,
  'src/report/page/summary.ts': inBrowser,
  'src/report/page/theme.ts': inBrowser,
  'src/report/page/timeline.ts': inBrowser,
  'src/report/page/tip.ts': inBrowser,
  'src/report/page/view.ts': inBrowser,
  'src/executors/remote-protocol.ts': 'data types and constants: the tests of executor and worker speak it',
  'src/executors/remote-hearing.ts':
    'answers come from workers: test/executors/remote.test.ts, remote-worker.test.ts and remote-stream.test.ts',
  'src/executors/remote-link.ts': 'BullMQ and a server are its other side: test/executors/remote.test.ts',
  'src/executors/remote-packer.ts': 'test/executors/remote.test.ts looks at what it refuses and at what arrives',
  'src/executors/remote-pool.ts': 'every test of test/executors/remote.test.ts and test/realtime/remote-*.test.ts is about it',
  'src/executors/remote-reconciler.ts': 'what it is for needs a server that goes away: test/realtime/remote-crash.test.ts',
  'src/executors/remote-runner.ts': 'BullMQ calls it: test/executors/remote-worker.test.ts',
  'src/executors/remote-settle.ts': 'test/executors/remote.test.ts sees each of its ends',
  'src/executors/remote-stopper.ts': 'a cancellation needs a queue and a worker: test/realtime/remote-crash.test.ts',
  'src/executors/remote-stream-reader.ts': 'streams through a server: test/executors/remote-stream.test.ts',
  'src/executors/remote-stream-writer.ts': 'streams through a server: test/executors/remote-stream.test.ts',
  'src/wire/protocol.ts': 'data types and constants: the tests of slot, serve and the contract suite speak it',
};

type Node = { type: string; start: number } & Record<string, unknown>;
interface Import {
  target: string;
  dynamic: boolean;
  typeOnly: boolean;
}
interface Module {
  path: string;
  lines: number;
  body: Node[];
  nodes: Node[];
  header: string;
  imports: Import[];
}
interface Tree {
  modules: Module[];
  tests: Set<string>;
  exceptions: Record<string, string>;
}
type Rule = (tree: Tree) => string[];

const isNode = (value: unknown): value is Node => typeof (value as Node | null)?.type === 'string';

function* walk(value: unknown): Generator<Node> {
  if (isNode(value)) yield value;
  if (typeof value === 'object' && value !== null) for (const child of Object.values(value)) yield* walk(child);
}

/** `import …`, `export … from`, `import()` and the type `import('…')`, of relative files only. */
function importOf(path: string, node: Node): Import[] {
  const kinds = ['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration', 'ImportExpression', 'TSImportType'];
  const specifier = kinds.includes(node.type) ? (node['source'] as Node | null)?.['value'] : undefined;
  if (typeof specifier !== 'string' || !specifier.startsWith('.')) return [];
  const names = (node['specifiers'] ?? []) as Node[];
  const named = names.length > 0 && names.every((name) => name['importKind'] === 'type' || name['exportKind'] === 'type');
  const typeOnly = node.type === 'TSImportType' || node['importKind'] === 'type' || node['exportKind'] === 'type' || named;
  return [{ target: posix.join(posix.dirname(path), specifier), dynamic: node.type === 'ImportExpression', typeOnly }];
}

function parse(path: string, text: string): Module {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0]!.message}`);
  const body = program.body as unknown as Node[];
  const nodes = [...walk(body)];
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  return { path, lines, body, nodes, header: text.slice(0, body[0]?.start), imports: nodes.flatMap((node) => importOf(path, node)) };
}

function placeOf(path: string): string | undefined {
  if (path === 'src/index.ts') return 'index';
  const [top, folder, rest] = path.split('/');
  if (top === 'workers') return 'workers';
  return top === 'src' && rest !== undefined && folder !== 'index' && Object.hasOwn(floors, folder!) ? folder : undefined;
}

const isIndex = (path: string): boolean => basename(path) === 'index.ts';
const eachModule =
  (check: (module: Module) => string[]): Rule =>
  ({ modules }) =>
    modules.flatMap((module) => check(module).map((violation) => `${module.path}: ${violation}`));
const eachImport = (check: (from: string, to: string, edge: Import, module: Module) => string | false): Rule =>
  eachModule((module) =>
    module.imports.flatMap((edge) => check(placeOf(module.path) ?? '', placeOf(edge.target) ?? '', edge, module) || []),
  );

function mayImport(from: string, to: string, edge: Import): boolean {
  if (from === 'workers') return workersMayImport.includes(to);
  if (to === 'workers') return edge.dynamic;
  return floors[to]! <= floors[from]!;
}

/** Type imports vanish before anything runs; a task and its scope may know each other's types. */
function findCycle(modules: Module[]): string[] {
  const edges = new Map(
    modules.map((module) => [module.path, module.imports.filter((i) => !i.dynamic && !i.typeOnly).map((i) => i.target)]),
  );
  const finished = new Set<string>();
  const visit = (path: string, trail: string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (finished.has(path)) return undefined;
    for (const next of edges.get(path) ?? []) {
      const cycle = visit(next, [...trail, path]);
      if (cycle) return cycle;
    }
    finished.add(path);
    return undefined;
  };
  for (const path of edges.keys()) {
    const cycle = visit(path, []);
    if (cycle) return [cycle.join(' → ')];
  }
  return [];
}

function bannedIn(node: Node): string[] {
  if (node.type === 'VariableDeclaration' && String(node['kind']).endsWith('using'))
    return ['`using`: a SyntaxError on Node 22, where worker sources run unbuilt'];
  if (node.type !== 'MemberExpression') return [];
  const name = `${String((node['object'] as Node)['name'])}.${String((node['property'] as Node)['name'])}`;
  return Object.hasOwn(bannedCalls, name) ? [`${name}: ${bannedCalls[name]}`] : [];
}

function exportsDefault(node: Node): boolean {
  if (node.type === 'ExportDefaultDeclaration') return true;
  return node.type === 'ExportSpecifier' && ((node['exported'] as Node)['name'] ?? (node['exported'] as Node)['value']) === 'default';
}

function isTypeStatement(node: Node): boolean {
  if (node.type.startsWith('Export')) return node['exportKind'] === 'type';
  return ['ImportDeclaration', 'TSInterfaceDeclaration', 'TSTypeAliasDeclaration'].includes(node.type) || node['declare'] === true;
}

function needsOwnTest({ path, lines, body }: Module): boolean {
  if (isIndex(path) || body.every(isTypeStatement)) return false;
  return placeOf(path) !== 'workers' || lines > thinEntryLines;
}

const testOf = (path: string): string => path.replace(/^(?:src\/)?/, 'test/').replace(/\.ts$/, '.test.ts');

const rules: Record<string, Rule> = {
  'every file stands on a floor': eachModule(({ path }) => (placeOf(path) === undefined ? ['in no folder of the floors table'] : [])),
  'imports point down': eachImport((from, to, edge) => !mayImport(from, to, edge) && `${from} may not import ${edge.target}`),
  'there are no import cycles': ({ modules }) => findCycle(modules),
  'the kernel is sealed': (tree) => {
    const internal = tree.modules.filter(({ header }) => header.includes('@internal kernel')).map(({ path }) => path);
    const isSealedOff = (from: string): boolean => sealedOffFromKernelInternals.includes(from);
    return eachImport((from, _to, { target }) => isSealedOff(from) && internal.includes(target) && `imports ${target}`)(tree);
  },
  'the monitor loads no other floor': eachImport(
    (from, to, edge) => from === 'monitor' && monitorReadsOnlyStatisticsOf.includes(to) && !edge.typeOnly && `imports ${edge.target}`,
  ),
  'only an index imports an index': eachImport(
    (_from, _to, { target }, { path }) => !isIndex(path) && isIndex(target) && `imports ${target}`,
  ),
  'an index only re-exports': eachModule(({ path, body }) =>
    isIndex(path) ? body.filter((node) => !isNode(node['source']) || !node.type.startsWith('Export')).map((node) => node.type) : [],
  ),
  'no file is longer than it can be read': eachModule(({ lines }) => (lines > maxLines ? [`${lines} lines, at most ${maxLines}`] : [])),
  'files are short': ({ modules }) => {
    const sorted = modules.map(({ lines }) => lines).sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
    return median > maxMedian ? [`median ${median} lines, at most ${maxMedian}`] : [];
  },
  'there is no default export': eachModule(({ path, nodes }) =>
    mayExportDefault.includes(path) ? [] : nodes.filter(exportsDefault).map(() => 'exports a default'),
  ),
  'what leaks or does not run everywhere is not used': eachModule(({ nodes }) => nodes.flatMap(bannedIn)),
  'each concept has a test file of its name': ({ modules, tests, exceptions }) => {
    const missing = modules.filter((module) => needsOwnTest(module) && !tests.has(testOf(module.path))).map(({ path }) => path);
    const stale = Object.keys(exceptions).filter((path) => !missing.includes(path));
    return [
      ...missing.filter((path) => !Object.hasOwn(exceptions, path)).map((path) => `${path} lacks ${testOf(path)}`),
      ...stale.map((path) => `${path} needs no exception any more`),
    ];
  },
};

function list(folder: string, ending: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path.replaceAll('\\', '/')}`);
  return files.filter((path) => path.endsWith(ending)).sort();
}

describe('in this repository', () => {
  const modules = [...list('src', '.ts'), ...list('workers', '.ts')].map((path) => parse(path, readFileSync(path, 'utf8')));
  const tree: Tree = { modules, tests: new Set(list('test', '.test.ts')), exceptions: withoutOwnTest };

  it.each(Object.entries(rules))('%s', (_name, rule) => {
    expect(rule(tree)).toEqual([]);
  });
});

describe('each rule notices a tree that breaks it', () => {
  const value = 'export const a = 1;\n';
  const planted: [rule: string, files: Record<string, string>, violation: string, exceptions?: Record<string, string>][] = [
    ['every file stands on a floor', { 'src/util/a.ts': value }, 'src/util/a.ts'],
    ['every file stands on a floor', { 'src/a.ts': value }, 'src/a.ts'],
    ['imports point down', { 'src/wire/a.ts': "import {\n  a,\n} from '../core/a.ts';" }, 'wire may not import src/core/a.ts'],
    ['imports point down', { 'src/base/a.ts': "import type { A } from '../sync/a.ts';" }, 'base may not import'],
    ['imports point down', { 'src/base/a.ts': "export type A = import('../sync/a.ts').A;" }, 'base may not import'],
    ['imports point down', { 'src/core/a.ts': "export * from '../executors/a.ts';" }, 'core may not import'],
    ['imports point down', { 'src/core/a.ts': "await import('../cli/a.ts');" }, 'core may not import'],
    ['imports point down', { 'src/executors/a.ts': "import '../../workers/a.ts';" }, 'executors may not import workers/a.ts'],
    ['imports point down', { 'workers/a.ts': "import { a } from '../src/sync/a.ts';" }, 'workers may not import src/sync/a.ts'],
    ['imports point down', { 'src/cli/a.ts': "import '../../test/support/a.ts';" }, 'cli may not import test/support/a.ts'],
    [
      'there are no import cycles',
      { 'src/core/a.ts': "import './b.ts';", 'src/core/b.ts': "import './c.ts';", 'src/core/c.ts': "export * from './b.ts';" },
      'src/core/b.ts → src/core/c.ts → src/core/b.ts',
    ],
    [
      'the kernel is sealed',
      { 'src/core/a.ts': `/**\n * Waiters.\n * @internal kernel\n */\n${value}`, 'src/sync/b.ts': "import { a } from '../core/a.ts';" },
      'src/sync/b.ts: imports src/core/a.ts',
    ],
    ['the monitor loads no other floor', { 'src/monitor/a.ts': "import { a } from '../executors/a.ts';" }, 'imports src/executors/a.ts'],
    ['only an index imports an index', { 'src/sync/a.ts': "import { a } from '../core/index.ts';" }, 'imports src/core/index.ts'],
    ['an index only re-exports', { 'src/core/index.ts': `export * from './a.ts';\n${value}` }, 'ExportNamedDeclaration'],
    ['an index only re-exports', { 'workers/index.ts': "import './a.ts';" }, 'ImportDeclaration'],
    ['no file is longer than it can be read', { 'src/core/a.ts': '// a\n'.repeat(351) }, '351 lines'],
    ['files are short', { 'src/core/a.ts': `${'\n'.repeat(100)}${value}` }, 'median 101'],
    ['there is no default export', { 'src/core/a.ts': 'export default 1;' }, 'src/core/a.ts'],
    ['there is no default export', { 'src/core/a.ts': 'const a = 1;\nexport { a as default };' }, 'src/core/a.ts'],
    ['what leaks or does not run everywhere is not used', { 'src/core/a.ts': 'export function f() { using a = b(); }' }, '`using`'],
    ['what leaks or does not run everywhere is not used', { 'workers/a.ts': 'void Promise.race([]);' }, 'Promise.race'],
    ['what leaks or does not run everywhere is not used', { 'src/core/a.ts': 'export const s = AbortSignal.any([]);' }, 'AbortSignal.any'],
    ['what leaks or does not run everywhere is not used', { 'src/core/a.ts': 'f(AbortSignal.timeout(1));' }, 'AbortSignal.timeout'],
    ['each concept has a test file of its name', { 'src/core/a.ts': value }, 'src/core/a.ts lacks test/core/a.test.ts'],
    [
      'each concept has a test file of its name',
      { 'workers/a.ts': value.replace('1', `[${'\n'.repeat(30)}]`) },
      'lacks test/workers/a.test.ts',
    ],
    [
      'each concept has a test file of its name',
      { 'src/core/a.ts': 'export type A = 1;' },
      'needs no exception',
      { 'src/core/a.ts': 'why' },
    ],
  ];

  it.each(planted)('%s (case %#)', (name, files, violation, exceptions = {}) => {
    const modules = Object.entries(files).map(([path, text]) => parse(path, text));
    expect(rules[name]!({ modules, tests: new Set(), exceptions }).join('\n')).toContain(violation);
  });

  it('and none is left untried', () => {
    expect(Object.keys(rules).filter((name) => !planted.some(([rule]) => rule === name))).toEqual([]);
  });
});

it('a well-built tree passes every rule', () => {
  const files = {
    'src/base/a.ts': "import { x } from 'node:fs';\nexport const a = x;",
    'src/core/inner.ts': "/** Scopes. @internal kernel */\nimport { a } from '../base/a.ts';\nexport const inner = a;",
    'src/core/types.ts': 'export interface T { a: 1 }',
    'src/core/index.ts': "export * from './inner.ts';",
    'src/executors/thread.ts':
      "import type { T } from '../core/types.ts';\nexport const load = (t: T) => import('../../workers/thread.ts');",
    'src/monitor/lag.ts': "import type { load } from '../executors/thread.ts';\nexport const lag: typeof load | 1 = 1;",
    'src/index.ts': "export * from './core/index.ts';\nexport type { T } from './core/types.ts';",
    'workers/thread.ts': "import { load } from '../src/executors/thread.ts';\nexport default load;",
  };
  const tests = new Set(['test/base/a.test.ts', 'test/core/inner.test.ts', 'test/executors/thread.test.ts', 'test/monitor/lag.test.ts']);
  const modules = Object.entries(files).map(([path, text]) => parse(path, text));
  for (const rule of Object.values(rules)) expect(rule({ modules, tests, exceptions: {} })).toEqual([]);
});
