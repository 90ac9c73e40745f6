import { Module } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FunctionNotFoundError, InvalidStateError } from '../../src/base/errors.ts';
import { checkFingerprint, fingerprint, lookup, moduleKey, register, registeredExports } from '../../src/executors/registry.ts';
import { build, everywhere, output, repository, runProgram, temporaryFolder, write } from '../fixtures/far-side/harness.ts';

let modules = 0;
const newMeta = (url = `file:///app/module-${++modules}.ts`): ImportMeta => ({ url }) as ImportMeta;
const twice = (n: number): number => n * 2;

describe('definitions of a module', () => {
  it('are numbered in their order, unless named', () => {
    const meta = newMeta();
    const exports = [register(meta, () => 1), register(meta, twice, 'twice'), register(meta, () => 2)].map((a) => a.export);
    expect(exports).toEqual(['#0', 'twice', '#1']);
    expect(lookup(meta.url, 'twice')?.fn).toBe(twice);
    expect(registeredExports(meta.url)).toEqual(['#0', 'twice', '#1']);
  });

  it('begin anew when the module is evaluated again', () => {
    const first = newMeta();
    register(first, () => 1, 'a');
    register(first, () => 1);
    const again = newMeta(first.url);
    expect([register(again, () => 2, 'a').export, register(again, () => 2).export]).toEqual(['a', '#0']);
    expect(lookup(first.url, 'a')?.fn()).toBe(2);
    expect(registeredExports(first.url)).toEqual(['a', '#0']);
  });

  it('cannot share a name', () => {
    const meta = newMeta();
    register(meta, () => 1, 'work');
    expect(() => register(meta, () => 2, 'work')).toThrow(InvalidStateError);
    expect(() => register(meta, () => 2, 'work')).toThrow(`${meta.url} offloads two functions under the name 'work'`);
  });

  it('belong to the bundle in which webpack put them, whose import.meta lies beneath the objects that it hands out', () => {
    const bundle = newMeta();
    const metaOf = (url: string): ImportMeta => Object.assign(Object.create(bundle) as ImportMeta, { url, webpack: 5 });
    const [a, b] = [metaOf('file:///src/a.ts'), metaOf('file:///src/b.ts')];
    expect([register(a, () => 1), register(b, () => 2), register(a, () => 3)]).toEqual(
      ['#0', '#1', '#2'].map((name) => ({ module: bundle.url, export: name })),
    );
    const commonjs = { url: 'file:///src/a.ts', webpack: 5 } as unknown as ImportMeta;
    expect(() => register(commonjs, () => 1)).toThrow(/a bundler that emits CommonJS drops it: let it build ES modules/);
  });

  it('cannot be offered by a CommonJS module, which is told how its functions come off the loop', () => {
    const inCommonJs = new Module('/app/jobs.js') as unknown as ImportMeta;
    expect(() => register(inCommonJs, () => 1)).toThrow(/CommonJS has none: .*fromModule\(pathToFileURL\(require\.resolve/);
  });

  it('are shared by copies of the package', () => {
    const meta = newMeta();
    register(meta, twice, 'twice');
    const table = (globalThis as unknown as Record<symbol, Map<string, { entries: Map<string, { fn: unknown }> }>>)[
      Symbol.for('offloop.offloaded.v1')
    ];
    expect(table!.get(meta.url)!.entries.get('twice')!.fn).toBe(twice);
  });

  it('belong to the module, whichever way a worker had to import it', () => {
    register(newMeta('file:///app/twin.ts?offloop-tsx'), twice, 'twice');
    expect(lookup('file:///app/twin.ts', 'twice')?.fn).toBe(twice);
    const urls = [
      'x.ts?offloop-tsx',
      'x.ts?tsx-namespace=offloop',
      'x.ts?v=1&offloop-tsx',
      'x.ts?v=1&tsx-namespace=a#b',
      'x.ts?offloop-tsx-2',
    ];
    expect(urls.map(moduleKey)).toEqual(['x.ts', 'x.ts', 'x.ts?v=1', 'x.ts?v=1#b', 'x.ts?offloop-tsx-2']);
  });

  it.each<[unknown, unknown, unknown, string]>([
    [null, () => 1, undefined, 'Expected meta to be `import.meta`, got null'],
    [{}, () => 1, undefined, 'Expected import.meta.url to be the URL of the module'],
    [newMeta(), 'work', undefined, "Expected fn to be a function, got 'work' (string)"],
    [newMeta(), () => 1, 5, 'Expected name to be a string, got 5 (number)'],
    [newMeta(), () => 1, '', 'Expected name to be a name that is not empty'],
    [newMeta(), () => 1, '#1', "does not begin with '#', got '#1' (string)"],
  ])('refuse wrong arguments (%#)', (meta, fn, name, message) => {
    expect(() => register(meta as ImportMeta, fn as () => number, name as string | undefined)).toThrow(message);
  });
});

describe('a fingerprint', () => {
  it('tells functions apart by kind, name and parameters', () => {
    const all = [twice, async (a: number, b: number) => Promise.resolve(a + b), function* gen(): Generator {}, async function* (): AsyncGenerator {}].map(fingerprint); // prettier-ignore
    expect(all).toEqual(['function twice(1)', 'async (2)', 'generator gen(0)', 'async generator (0)']);
  });

  it('of another function under the same number is an error that says how to get out of it', () => {
    const meta = newMeta();
    const address = register(meta, twice);
    const entry = lookup(address.module, address.export)!;
    expect(() => checkFingerprint(address, entry, 'function twice(1)')).not.toThrow();
    expect(() => checkFingerprint(address, entry, undefined)).not.toThrow();
    expect(() => checkFingerprint(address, entry, 'async other(2)')).toThrow(FunctionNotFoundError);
    expect(() => checkFingerprint(address, entry, 'async other(2)')).toThrow(
      /definition #0 of .* is another function \(function twice\(1\)\).*Name them/,
    );
  });

  it('of a function with a name of its own does not matter', () => {
    const address = register(newMeta(), twice, 'twice');
    expect(() => checkFingerprint(address, lookup(address.module, 'twice')!, 'async other(2)')).not.toThrow();
  });
});

/** Functions of every shape, in a module that prints its fingerprints: the same ones, whatever tool compiled it. */
const shapes = `
  interface Options { by?: number }
  const named = (a: number, { by = 1 }: Options = {}): number => a + by;
  function hoisted(this: void, a: number, b?: number): number { return a + (b ?? 0); }
  class Tools { static cut(a: string, ...more: string[]): string { return a + more.length; } }
  const later = async (a: number): Promise<number> => { await null; return a; };
  const object = { method(a: number): number { return a; }, async *stream(a: number): AsyncGenerator<number> { yield a; } };
  export default function (a: number, b: number): number { return a + b; }
  export const all = (fallback: (a: number, b: number) => number) => [
    named, hoisted, Tools.cut, later, object.method, object.stream, fallback,
    (a: number, b = 2) => a + b, async (a: number) => { await null; return a; }, function* (a: number) { yield a; }, function own(a: number) { return a; },
  ];
`;
const expected = [
  'function named(1)', 'function hoisted(2)', 'function cut(1)', 'async later(1)', 'function method(1)', 'async generator stream(1)', 'function (2)',
  'function (1)', 'async (1)', 'generator (1)', 'function own(1)',
]; // prettier-ignore
const program = (ext: string): string => `
  import { report } from ${JSON.stringify(join(repository, 'test/fixtures/far-side/farm.mjs'))};
  const { fingerprint } = await import(new URL('src/executors/registry' + process.env.OFFLOOP_EXT, process.env.OFFLOOP_TREE).href);
  const module = await import(new URL('./shapes.${ext}', import.meta.url).href);
  report(module.all(module.default).map(fingerprint));`;

describe('fingerprints are the same', () => {
  const folder = temporaryFolder();
  const files = write(folder, { 'shapes.ts': shapes, 'ts.mjs': program('ts'), 'js.mjs': program('js') });

  it.each(everywhere.filter(([, mode]) => mode !== 'built'))('on Node %s, %s', async (line, mode) => {
    const { answers } = await runProgram({ line, mode, file: fileURLToPath(files['ts.mjs']) });
    expect(answers).toEqual(expected);
  });

  it('built by tsc', async () => {
    const tsc = [
      join(repository, 'node_modules/typescript/bin/tsc'),
      join(folder, 'shapes.ts'),
      '--target',
      'es2022',
      '--module',
      'nodenext',
      '--types',
      '',
    ];
    await output(process.execPath, tsc, { cwd: folder });
    const { answers } = await runProgram({
      line: everywhere[0]![0],
      mode: 'built',
      tree: await build(),
      file: fileURLToPath(files['js.mjs']),
    });
    expect(answers).toEqual(expected);
  });

  it('under vitest', async () => {
    const module = (await import(/* @vite-ignore */ files['shapes.ts'])) as { all(f: unknown): (() => unknown)[]; default: unknown };
    expect(module.all(module.default).map(fingerprint)).toEqual(expected);
  });
});
