/**
 * Functions that were passed as they are, not offloaded from a module: they arrive as source text and are compiled here.
 *
 * Text carries no surroundings, so whatever a function uses from around it would be a ReferenceError somewhere in the middle
 * of a job, or worse, a global of the same name. Therefore the text is parsed and its free variables are named before it runs.
 * It is then compiled as an ordinary function: no `with`, no Proxy, full speed.
 *
 * The parser costs 25–40 ms once per worker, and only workers that are sent inline functions load it.
 */
import { compileFunction } from 'node:vm';
import type * as Acorn from 'acorn';
import { FreeVariableError, FunctionNotFoundError } from '../src/base/errors.ts';
import { importFrom } from './import-from.ts';
import { helperNamed } from './inline-helpers.ts';

type AnyFunction = (...args: unknown[]) => unknown;
type Tools = typeof import('acorn') & typeof import('eslint-scope');
type Node = Acorn.AnyNode;

const compiled = new Map<string, Promise<AnyFunction>>();
const mostCompiled = 500;
let tools: Promise<Tools> | undefined;

/**
 * The function that this source text describes. Rejects with FreeVariableError when it needs something from around it, with
 * FunctionNotFoundError when the text is no function that can be called.
 */
export function compileInline(source: string, name: string): Promise<AnyFunction> {
  const key = `${name}\0${source}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const [oldest] = compiled.keys();
  if (compiled.size >= mostCompiled && oldest !== undefined) compiled.delete(oldest);
  const compiling = compile(source, name);
  compiled.set(key, compiling);
  return compiling;
}

async function compile(source: string, name: string): Promise<AnyFunction> {
  const { parse, analyze } = await (tools ??= Promise.all([import('acorn'), import('eslint-scope')]).then(([a, b]) => ({ ...a, ...b })));
  const form = readForm(source, name, parse);
  const program = form.program as unknown as Parameters<typeof analyze>[0];
  const { through } = analyze(program, { ecmaVersion: 2022, sourceType: form.strict ? 'module' : 'script' }).globalScope!;
  const facts = gather(form);
  const bindings = new Map<string, unknown>();
  const missing = new Set(facts.problems);
  for (const { identifier } of through) {
    const { name: variable, start } = identifier as unknown as { name: string; start: number };
    const isOutside = start < form.fn.start; // in the computed name of a method
    if (isOutside || variable in globalThis || facts.typeofs.has(identifier)) continue;
    const bound = bindingFor(variable, name, form);
    if (bound !== undefined) bindings.set(variable, bound);
    else missing.add(facts.imports.get(identifier) ?? describe(variable));
  }
  if (missing.size > 0) throw freeVariables(name, [...missing]);
  return build(bindImports(form, facts.importsAt, bindings), name, bindings);
}

interface Form {
  readonly program: Acorn.Program;
  readonly fn: Acorn.Function;
  /** An expression whose value is the function. */
  readonly text: string;
  /** Where the source begins in `text`. */
  readonly offset: number;
  readonly strict: boolean;
  readonly isMethod: boolean;
  /** From a position that the parser gives to the same place in `text`. */
  readonly shift: number;
}

/** Modules are strict, so strict it is; a sloppy script may contain what strict code refuses. */
function readForm(source: string, name: string, parse: typeof Acorn.parse): Form {
  let reason: unknown;
  for (const strict of [true, false]) {
    for (const [before, after] of [
      ['(', '\n)'],
      ['({', '\n})'],
    ] as const) {
      try {
        const text = before + source + after;
        const program = parse(text, { ecmaVersion: 'latest', sourceType: strict ? 'module' : 'script', ranges: true });
        return formOf(program, text, before.length, strict, name);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        reason ??= error;
      }
    }
  }
  throw notCallable(name, `cannot be read: ${(reason as Error).message}`);
}

function formOf(program: Acorn.Program, text: string, offset: number, strict: boolean, name: string): Form {
  const [statement] = program.body;
  const expression = statement?.type === 'ExpressionStatement' && program.body.length === 1 ? statement.expression : undefined;
  if (expression?.type === 'ArrowFunctionExpression' || expression?.type === 'FunctionExpression') {
    return { program, fn: expression, text, offset, strict, isMethod: false, shift: 0 };
  }
  if (expression?.type === 'ClassExpression') throw notCallable(name, 'is a class');
  const [member] = expression?.type === 'ObjectExpression' && offset === 2 ? expression.properties : [];
  if (member?.type !== 'Property' || member.value.type !== 'FunctionExpression') throw notCallable(name, 'is no function');
  if (member.kind !== 'init') throw notCallable(name, 'is a getter or setter');
  const fn = member.value;
  // The name of a method may be computed from what is not here: it gets another.
  const head = `({${fn.async ? 'async ' : ''}${fn.generator ? '*' : ''}method`;
  const body = text.slice(fn.start, fn.end);
  return { program, fn, text: `${head}${body}}).method`, offset: head.length, strict, isMethod: true, shift: head.length - fn.start };
}

interface Facts {
  readonly typeofs: ReadonlySet<unknown>;
  /** What an identifier that stands for an import of the surrounding file was called there. */
  readonly imports: ReadonlyMap<unknown, string>;
  readonly problems: readonly string[];
  /** Where the text of the form says `import(`. */
  readonly importsAt: readonly number[];
}

const viteImport = /^__vi(?:te_ssr)?_import_\d+__$/;
const viteMeta = /^__vi(?:te_ssr)?_import_meta__$/;
const isDynamicImport = (name: string): boolean => /^__vi(?:te_ssr)?_dynamic_import__$/.test(name);

/** What the scopes do not tell: `typeof x`, `import.meta`, relative imports, a `this` or `super` from around the function. */
function gather({ fn, isMethod, shift }: Form): Facts {
  const typeofs = new Set<unknown>();
  const imports = new Map<unknown, string>();
  const problems: string[] = [];
  const importsAt: number[] = [];
  const visit = (node: Node, ownThis: boolean): void => {
    if (node.type === 'UnaryExpression' && node.operator === 'typeof') typeofs.add(node.argument);
    if (node.type === 'MetaProperty' && node.meta.name === 'import') problems.push('import.meta');
    if (node.type === 'ThisExpression' && !ownThis) problems.push('this');
    if (node.type === 'Super' && !ownThis) problems.push('super');
    if (node.type === 'MemberExpression' && node.object.type === 'Identifier' && viteImport.test(node.object.name)) {
      imports.set(node.object, importedName(node));
    }
    if (node.type === 'ImportExpression') importsAt.push(node.start + shift);
    const specifier = importSpecifier(node);
    if (specifier !== undefined && isRelative(specifier, node)) problems.push(`import('${specifier}')`);
    const inner = ownThis || /^(?:FunctionExpression|FunctionDeclaration|ClassBody)$/.test(node.type);
    for (const child of children(node)) visit(child, inner);
  };
  for (const child of children(fn as Node)) visit(child, fn.type === 'FunctionExpression' && !isMethod);
  return { typeofs, imports, problems, importsAt };
}

function importedName({ property }: Acorn.MemberExpression): string {
  return property.type === 'Identifier' && property.name !== 'default' ? property.name : 'an import of its file';
}

function importSpecifier(node: Node): string | undefined {
  const isCall = node.type === 'CallExpression' && node.callee.type === 'Identifier' && isDynamicImport(node.callee.name);
  const argument = node.type === 'ImportExpression' ? node.source : isCall ? node.arguments[0] : undefined;
  return argument?.type === 'Literal' && typeof argument.value === 'string' ? argument.value : undefined;
}

/** vite writes './x' as '/folder/x', counted from the root of the project. */
function isRelative(specifier: string, node: Node): boolean {
  return /^\.{0,2}\//.test(specifier) && (specifier.startsWith('.') || node.type === 'CallExpression');
}

function* children(node: Node): Generator<Node> {
  for (const value of Object.values(node) as unknown[]) {
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof (child as Node | null)?.type === 'string') yield child as Node;
    }
  }
}

function describe(variable: string): string {
  if (viteMeta.test(variable)) return 'import.meta';
  return viteImport.test(variable) ? 'an import of its file' : variable;
}

const itself = Symbol('itself');

/** `const fib = (n) => … fib(n - 1)` means itself by its name; the rest is what compilers add. */
function bindingFor(variable: string, name: string, { isMethod }: Form): unknown {
  if (isDynamicImport(variable)) return importFrom(process.cwd());
  return variable === name && !isMethod ? itself : helperNamed(variable);
}

/**
 * An `import()` compiled here would be relative to this file; one in a function that came from nowhere is relative to the
 * working directory. The word is replaced by a name of the same length, so that columns in stack traces stay right.
 */
function bindImports(form: Form, positions: readonly number[], bindings: Map<string, unknown>): Form {
  if (positions.length === 0) return form;
  let stand = 0;
  while (form.text.includes(standIn(stand))) stand++;
  bindings.set(standIn(stand), importFrom(process.cwd()));
  let { text } = form;
  for (const at of positions) text = text.slice(0, at) + standIn(stand) + text.slice(at + 'import'.length);
  return { ...form, text };
}

const standIn = (n: number): string => `$imp${String(n).padStart(2, '0')}`;

function build(form: Form, name: string, bindings: ReadonlyMap<string, unknown>): AnyFunction {
  const isItself = bindings.get(name) === itself;
  const before = `${form.strict ? "'use strict';" : ''}${isItself ? `const ${name} = ` : 'return '}`;
  const code = `${before}${form.text};${isItself ? `return ${name};` : ''}`;
  const helpers = [...bindings].filter(([, value]) => value !== itself);
  const fn = instantiate(code, before.length + form.offset, name, helpers);
  return fn.name === name ? fn : Object.defineProperty(fn, 'name', { value: name, configurable: true });
}

/** Stack traces count lines and columns from the beginning of the function's own text. */
function instantiate(code: string, offset: number, name: string, helpers: readonly (readonly [string, unknown])[]): AnyFunction {
  const parameters = helpers.map(([variable]) => variable);
  try {
    const options = { filename: `[inline ${name === '' ? 'function' : name}]`, columnOffset: -offset };
    const make = compileFunction(code, parameters, options) as (...values: unknown[]) => AnyFunction;
    return make(...helpers.map(([, value]) => value));
  } catch (error) {
    throw notCallable(name, `cannot be compiled by Node ${process.version}: ${(error as Error).message}`);
  }
}

const instead = 'put the function in a module with offload(import.meta, …)';

function freeVariables(name: string, missing: readonly string[]): FreeVariableError {
  const shown = name === '' ? 'An inline function' : `The inline function '${name}'`;
  const list = missing.map((what) => (/^(?!this$|super$)[\w$]+$/.test(what) ? `'${what}'` : what)).join(', ');
  const commonJs = missing.some((m) => /^(?:require|module|exports|__dirname|__filename)$/.test(m));
  const hint = commonJs ? " (there is no require in it, but await import('node:…'))" : '';
  return new FreeVariableError(
    `${shown} travels to the worker as text, without ${list} from around it${hint}: ` +
      `pass it as an argument, import it inside the function (await import('package')), or ${instead}`,
    missing,
  );
}

function notCallable(name: string, why: string): FunctionNotFoundError {
  return new FunctionNotFoundError(
    `${name === '' ? 'What was passed' : `'${name}'`} ${why}, and a worker can only call functions: ${instead}`,
  );
}
