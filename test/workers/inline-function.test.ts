import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FreeVariableError, FunctionNotFoundError } from '../../src/base/errors.ts';
import { serializeInline } from '../../src/executors/inline-source.ts';
import { compileInline } from '../../workers/inline-function.ts';
import { everywhere, lines, repository, runProgram, temporaryFolder, write } from '../fixtures/far-side/harness.ts';

/** From here on all that is left of the function is its text. */
function travel(fn: (...args: never[]) => unknown): Promise<(...args: unknown[]) => unknown> {
  const { source, name } = serializeInline(fn);
  return compileInline(source, name);
}

async function missing(source: string, name = 'f'): Promise<readonly string[]> {
  const error: unknown = await compileInline(source, name).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(FreeVariableError);
  return (error as FreeVariableError).variables;
}

const table = [1, 2, 3];

describe('a self-contained function', () => {
  it.each([
    ['an arrow', '(n) => n + 1'],
    ['a function', 'function plus(n) { return n + 1; }'],
    ['an async arrow', 'async n => await n + 1'],
    ['a method', 'plus(n) { return n + 1; }'],
    ['an async method', 'async plus(n) { return await n + 1; }'],
    ['a method with a computed name', '[whatever](n) { return n + 1; }'],
    ['a method with a quoted name', "'no identifier'(n) { return n + 1; }"],
    ['a method that imports', "async [whatever](n) { return (await import('node:path')).sep.length + n; }"],
    ['one with inner functions and classes', '(n) => { const add = (m) => m + 1; class A { #by = 0; to(m) { return add(m) + this.#by; } } return new A().to(n); }'],
    ['one that imports', "async (n) => { const { sep } = await import('node:path'); return (await import('node:fs')) && sep.length + n; }"],
    ['one that vite made import', "async (n) => (await __vite_ssr_dynamic_import__('node:path')).sep.length + n"],
    ['one that asks for what may not be there', "(n) => (typeof nowhere === 'undefined' ? n + 1 : 0)"],
    ['one with defaults and rest', '(n, { by = 1 } = {}, ...more) => n + by + more.length'],
    ['one that counts statements', '(n) => { cov_1x2().s[0]++; cov_1x2().b[3][1]++; return n + 1; }'],
  ])('%s is called as it was', async (_what, source) => {
    expect(await (await compileInline(source, 'f'))(1)).toBe(2);
  }); // prettier-ignore

  it('may be a generator, asynchronous or not', async () => {
    const range = await compileInline('function* (n) { for (let i = 0; i < n; i++) yield i; }', '');
    const slow = await compileInline('async *range(n) { for (let i = 0; i < n; i++) yield i; }', 'range');
    const seen: number[] = [];
    for await (const i of slow(2) as AsyncIterable<number>) seen.push(i);
    expect([[...(range(3) as Iterable<number>)], seen]).toEqual([[0, 1, 2], [0, 1]]); // prettier-ignore
  });

  it('may call itself by the name it was given', async () => {
    const fib = (n: number): number => (n < 2 ? n : fib(n - 1) + fib(n - 2));
    const fact = function (n: number): number { return n < 2 ? 1 : n * fact(n - 1); }; // prettier-ignore
    expect([(await travel(fib))(10), (await travel(fact))(5)]).toEqual([55, 120]);
  });

  it('keeps its name, and stack traces count from its first character', async () => {
    const fn = await compileInline("async (n) => { await import('node:fs');\n  throw new Error('here'); }", 'boom');
    const at = await compileInline("() => new Error('here').stack", 'at');
    expect(fn.name).toBe('boom');
    expect(await (fn(1) as Promise<never>).catch((error: Error) => error.stack)).toContain('[inline boom]:2:9');
    expect(at()).toContain('[inline at]:1:7');
  });

  it('runs in strict mode, unless it contains what strict mode refuses', async () => {
    expect((await compileInline('function () { return this === undefined; }', 'f'))()).toBe(true);
    expect((await compileInline('function () { return 010; }', 'f'))()).toBe(8);
  });

  it('is compiled once', async () => {
    expect(await compileInline('() => 1', 'f')).toBe(await compileInline('() => 1', 'f'));
  });
});

describe('a free variable', () => {
  it('is named, with what to do', async () => {
    const work = (n: number): number => table[n]! + join('a').length;
    await expect(travel(work)).rejects.toThrow(
      /^The inline function 'work' travels to the worker as text, without 'table', 'join' from around it: pass it as an argument, import it inside.*offload\(import\.meta, …\)$/,
    );
  });

  it.each([
    ['reading', '() => a + b.c(d)', ['a', 'b', 'd']],
    ['assigning to what nobody declared', '() => { total = 1; }', ['total']],
    ['a default value', '({ x = limit }) => x', ['limit']],
    ['a class that extends', '() => class extends Base {}', ['Base']],
    ['arguments of the function around', '() => arguments.length', ['arguments']],
    ['this of the function around', '() => this.x', ['this']],
    ['this of a method', 'run() { return this.x; }', ['this']],
    ['super', 'run() { return super.run(); }', ['super']],
    ['import.meta', '() => import.meta.url', ['import.meta']],
    ['a relative import', "async () => import('./x.ts')", ["import('./x.ts')"]],
    [
      'an import rewritten by vite',
      '() => (0,__vite_ssr_import_3__.join)("a") + __vi_import_0__.default',
      ['join', 'an import of its file'],
    ],
    ['what vite makes of import.meta', '() => __vite_ssr_import_meta__.url', ['import.meta']],
    ['what vite makes of a relative import', '() => __vite_ssr_dynamic_import__("/src/x.ts")', ["import('/src/x.ts')"]],
    ['a method that means another function of its name', 'run() { return run(); }', ['run']],
  ])('%s is found', async (_what, source, expected) => {
    expect(await missing(source, source.startsWith('run') ? 'run' : 'f')).toEqual(expected);
  });

  it('of CommonJS comes with the way to import instead', async () => {
    await expect(compileInline("() => require('fs')", 'f')).rejects.toThrow("there is no require in it, but await import('node:…')");
  });
});

describe('what cannot be called', () => {
  it.each([
    ['a class', 'class A {}', /is a class/],
    ['a getter', 'get x() { return 1; }', /is a getter or setter/],
    ['anything else', '1 + 1', /is no function/],
    ['code that is broken', '(n) => n +', /cannot be read: Unexpected token/],
    ['two functions', '() => 1, () => 2', /is no function/],
  ])('%s is refused', async (_what, source, reason) => {
    await expect(compileInline(source, 'f')).rejects.toThrow(FunctionNotFoundError);
    await expect(compileInline(source, 'f')).rejects.toThrow(reason);
  });
});

/** The function is written in a file of its own, so that each tool compiles it in its own way. */
const body = `
  import { farm, report } from ${JSON.stringify(join(repository, 'test/fixtures/far-side/farm.mjs'))};
  const work = async (n) => {
    const inner = (m) => m * 2;
    function named() { return inner.name + named.name; }
    class Keeper { static twice(m) { return inner(m); } }
    const { sep } = await import('node:path');
    return [Keeper.twice(n), named(), Keeper.name, sep.length];
  };
  report(await farm([{ inline: { source: String(work), name: work.name }, args: [21] }]));`;
const files = write(temporaryFolder(), { 'program.ts': body, 'program.mjs': body });

describe.each(everywhere)('compiled by the tools of Node %s, %s', (line, mode) => {
  it('an inline function works in a worker', async () => {
    const file = new URL(mode === 'built' ? files['program.mjs'] : files['program.ts']).pathname;
    const { answers } = await runProgram({ line, mode, file });
    expect(answers).toEqual([{ value: [42, 'innernamed', 'Keeper', 1], warnings: [] }]);
  });
});

describe.each(lines)('in a worker of Node %s', (line) => {
  it('a package is found from the working directory', async () => {
    const folder = temporaryFolder();
    write(folder, {
      'node_modules/only-here/package.json': '{"type":"module","exports":"./x.js"}',
      'node_modules/only-here/x.js': 'export default 42;',
    });
    const inline = { source: "async () => (await import('only-here')).default", name: 'f' };
    const { answers } = await runProgram({ line, mode: 'built', cwd: folder, jobs: [{ inline }] });
    expect(answers[0]).toMatchObject({ value: 42 });
  });
});
