/**
 * Makes the published JavaScript, `node --import tsx bundle.ts dist`: each entry of the package and of a worker, and a few files
 * that they share. As some 250 modules it took three times as long to the first result, for they are loaded in the program and
 * once more in each worker whose module imports the package. Names, and what is where in the text, stay readable: minified code
 * loads hardly faster.
 *
 * Declarations come from tsc. `tsc -p tsconfig.build.json` alone gives a package that works as well, file by file.
 */
import { readFileSync } from 'node:fs';
import { dirname, relative } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { parseSync, Visitor } from 'rolldown/utils';
import type { ChunkingContext, Plugin } from 'rolldown';

const root = fileURLToPath(new URL('.', import.meta.url));
const [, , dir = 'dist'] = process.argv;

/** What src/base/worker-file.ts is asked for. */
const workers = ['thread', 'process', 'actor', 'watchdog', 'catalogue'].map((name) => `workers/${name}`);
const entries = [...published(), ...workers];

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  readonly bin: Readonly<Record<string, string>>;
}

/** Whatever package.json leads to, without folder and extension: `src/index`. */
function published(): string[] {
  const { exports, bin } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Manifest;
  const targets = [...Object.values(exports), ...Object.values(bin)];
  const files = targets.map((target) => (typeof target === 'string' ? target : target.default));
  return files.flatMap((file) => /^\.\/dist\/(.*)\.js$/.exec(file)?.[1] ?? []);
}

/**
 * Files of more than one entry, by who uses them, so that each loads little that it does not need. What a thread's entry shares
 * with the library comes first: a worker loads it before it can answer.
 */
const shared: readonly [chunk: string, users: readonly string[]][] = [
  ['kernel', ['src/index', 'workers/thread']],
  ['monitor', ['workers/watchdog']],
  ['library', ['src/index']],
  ['far', ['workers/thread']],
  ['rest', []],
];

const reached = new Map<string, ReadonlySet<string>>();

/** The modules that an entry loads at once. */
function reachedFrom(entry: string, context: ChunkingContext): ReadonlySet<string> {
  const known = reached.get(entry);
  if (known !== undefined) return known;
  const found = new Set<string>();
  const visit = (id: string): void => {
    if (found.has(id)) return;
    found.add(id);
    context.getModuleInfo(id)?.importedIds.forEach(visit);
  };
  visit(`${root}${entry}.ts`);
  reached.set(entry, found);
  return found;
}

function isShared(id: string, users: readonly string[], context: ChunkingContext): boolean {
  const uses = (entry: string): boolean => reachedFrom(entry, context).has(id);
  return users.every(uses) && entries.filter(uses).length > 1;
}

/**
 * Node's own modules come without `import`, which would read each of their exports: the getters of `node:util` and `node:fs`
 * load streams, `TextDecoder` and more. And text beyond ASCII is escaped: V8 would keep a whole file at two bytes per character.
 */
const quick: Plugin = {
  name: 'quick to load',
  generateBundle(_, files) {
    for (const file of Object.values(files)) {
      if (file.type === 'chunk') file.code = escaped(throughDoor(withoutImports(file.code), file));
    }
    this.emitFile({ type: 'asset', fileName: door.file, source: `export const ${door.name} = (specifier) => import(specifier);\n` });
  },
};

/** No line moves, so source maps hold. */
function withoutImports(code: string): string {
  const text = code.replace(/^import (.+) from "(node:[\w/]+)";$/gm, (_, what: string, id: string) => {
    const [, name, names] = /^(?:\* as )?(\w+)?(?:, )?(\{.+\})?$/.exec(what) ?? [];
    const parts = [name, names?.replaceAll(' as ', ': ')].filter((part) => part !== undefined);
    return parts.map((part) => `const ${part} = globalThis.process.getBuiltinModule("${id}");`).join(' ');
  });
  if (/^import .*"node:/m.test(text)) throw new Error('an import of a module of Node has an unknown form');
  return text;
}

/** No chunk is called so. */
const door = { file: 'src/chunks/door.js', name: 'importThroughDoor' };

/**
 * tsx rewrites each file with an `import()` and gives it a map of its own, character by character, which Node parses when the
 * first stack is read, while the loop waits: 200 ms for a large one. So there is one small file that does it for the others.
 */
function throughDoor(code: string, { fileName }: { fileName: string }): string {
  const found: [start: number, end: number, specifier: string][] = [];
  new Visitor({
    ImportExpression({ start, end, source }) {
      const text = code.slice(source.start, source.end);
      const ours = source.type === 'Literal' && String(source.value).startsWith('.');
      found.push([start, end, ours ? `new URL(${text}, import.meta.url).href` : text]);
    },
  }).visit(parseSync(fileName, code).program);
  if (found.length === 0) return code;
  const rest = found
    .reverse()
    .reduce((text, [start, end, specifier]) => `${text.slice(0, start)}${door.name}(${specifier})${text.slice(end)}`, code);
  const path = relative(dirname(fileName), door.file);
  const line = `import { ${door.name} } from "${path.startsWith('.') ? path : `./${path}`}"; `;
  return rest.replace(/^(#!.*\n)?/, `$1${line}`);
}

const escaped = (text: string): string => text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

const bundle = await rolldown({
  cwd: root,
  input: Object.fromEntries(entries.map((entry) => [entry, `${entry}.ts`])),
  platform: 'node',
  external: /^(?![./])/, // packages, and Node's own
  treeshake: { moduleSideEffects: true }, // package.json speaks of built files
  checks: { ineffectiveDynamicImport: false },
  plugins: [quick],
});
await bundle.write({
  dir,
  format: 'esm',
  // Where source maps are on, as under tsx, Node would parse the whole map of a large file when the first stack is read, and the
  // loop would wait 15 ms and more for lines of files that are not in the package. Who looks for them has the maps.
  sourcemap: 'hidden',
  sourcemapExcludeSources: true,
  comments: { legal: true, annotation: true, jsdoc: false }, // declarations have them
  entryFileNames: '[name].js',
  chunkFileNames: 'src/chunks/[name].js', // src/base/worker-file.ts says why there
  codeSplitting: {
    groups: shared.map(([chunk, users], i) => ({
      name: (id, context) => (isShared(id, users, context) ? chunk : null),
      debugName: chunk,
      priority: shared.length - i,
    })),
  },
});
await bundle.close();
