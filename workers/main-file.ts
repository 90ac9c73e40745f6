/**
 * A worker that looks for a function of the program's main file must import that file, and so runs its top level once more.
 * `run()` sees to it that main does not run; but work beside `run`, such as a server that is started at the top level, would
 * be done in every worker. It is noticed here, and the user is told once, by name and line.
 *
 * A piece of work is put down to the main file only when a frame of that file is on the stack: a module that it imports, or
 * another job of this worker, may do the same without being blamed. Nothing is held back: every call goes through.
 */
import { realpathSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { builtin } from '../src/base/late.ts';
import { workerState } from '../src/executors/worker-state.ts';

export interface WatchedImport<T> {
  readonly result: T;
  /** What the main file did beside defining things: each kind of work with its first line, 'prints (main.ts:12)'. */
  readonly sideEffects: readonly string[];
}

/** Runs `importIt`, and when `url` is the program's main file, watches what that does until the import is over. */
export async function watchImport<T>(url: string, importIt: () => Promise<T>): Promise<WatchedImport<T>> {
  if (!isMainFile(url)) return { result: await importIt(), sideEffects: [] };
  const watch = startWatching(fileURLToPath(withoutQuery(url)));
  try {
    return { result: await importIt(), sideEffects: watch.effects() };
  } finally {
    watch.stop();
  }
}

export function isMainFile(url: string): boolean {
  const main = workerState()?.hints.mainFile;
  if (main === undefined || !url.startsWith('file:')) return false;
  try {
    return realpathSync(fileURLToPath(withoutQuery(url))) === main;
  } catch {
    return false;
  }
}

export function sideEffectWarning(file: string, effects: readonly string[]): string {
  const list = effects.join(', ');
  return (
    `Workers import ${file} to find its functions, and each of them then ${list}: ` +
    `move that work into the function given to run(), or the offloaded functions into a module of their own (for a bundler: an entry of its own)`
  );
}

interface Watch {
  effects(): string[];
  stop(): void;
}

function startWatching(file: string): Watch {
  const found = new Map<string, string>();
  const timers = new Map<object, string>();
  let over = false;
  const note = (what: string): void => {
    const place = over ? undefined : placeOnStack(file);
    if (place !== undefined && !found.has(what)) found.set(what, place);
  };
  const print = (text: unknown): void => {
    if ((text as { length?: number } | undefined)?.length !== 0) note('prints'); // execSync writes its empty stderr
  };
  const listen = (): void => note('listens on a port');
  const start = (): void => note('starts a process');
  const [childProcess, net, dgram, timersModule] = [
    builtin('node:child_process'),
    builtin('node:net'),
    builtin('node:dgram'),
    builtin('node:timers'),
  ];
  const undo = [
    spy(process.stdout, 'write', print),
    spy(process.stderr, 'write', print),
    spy(net.Server.prototype, 'listen', listen),
    spy(dgram.Socket.prototype, 'bind', listen),
    spy(childProcess.ChildProcess.prototype, 'spawn', start),
    ...(['spawnSync', 'execSync', 'execFileSync'] as const).map((name) => spy(childProcess, name, start)),
    ...[globalThis, timersModule].flatMap((owner) => timerNames.map((name) => spyTimer(owner, name, file, timers))),
  ];
  syncBuiltinESMExports(); // for `import { execSync } from 'node:child_process'`
  return {
    effects: () => [...found, ...pending(timers)].map(([what, place]) => `${what} (${place})`),
    stop() {
      over = true; // somebody may have kept a wrapper
      for (const restore of undo) restore();
      syncBuiltinESMExports();
    },
  };
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Calls `seen` before `object[name]`, until the returned function is called. */
function spy(object: object, name: string, seen: (first: unknown) => void): () => void {
  return replace(
    object,
    name,
    (original) =>
      function (...args) {
        seen(args[0]);
        return original.apply(this, args);
      },
  );
}

const timerNames = ['setTimeout', 'setInterval', 'setImmediate'] as const;

/** Timers count when they are still pending at the end: a module may well wait for one while it loads. */
function spyTimer(owner: object, name: (typeof timerNames)[number], file: string, timers: Map<object, string>): () => void {
  const wrap = (original: AnyFunction): AnyFunction => {
    const wrapper: AnyFunction = function (fn, ...rest) {
      const place = typeof fn === 'function' ? placeOnStack(file) : undefined;
      if (place === undefined) return original.call(this, fn, ...rest);
      const done: AnyFunction = function (...args) {
        if (name !== 'setInterval') timers.delete(timer);
        return (fn as AnyFunction).apply(this, args);
      };
      const timer = original.call(this, done, ...rest) as object;
      timers.set(timer, place);
      return timer;
    };
    return Object.assign(wrapper, original); // what `util.promisify` looks for
  };
  return replace(owner, name, wrap);
}

/** Cleared timers are destroyed, unref'd ones hold nothing up. */
function pending(timers: Map<object, string>): (readonly [string, string])[] {
  const alive = [...timers].filter(([timer]) => {
    const { _destroyed } = timer as { _destroyed?: boolean };
    return _destroyed !== true && (timer as { hasRef?(): boolean }).hasRef?.() !== false;
  });
  return alive.slice(0, 1).map(([, place]) => ['starts a timer', place]);
}

function replace(object: object, name: string, wrap: (original: AnyFunction) => AnyFunction): () => void {
  const target = object as Record<string, AnyFunction>;
  const own = Object.getOwnPropertyDescriptor(target, name);
  const wrapper = wrap(target[name]!);
  Reflect.defineProperty(target, name, { value: wrapper, writable: true, configurable: true, enumerable: own?.enumerable ?? true });
  return () => {
    if (target[name] !== wrapper) return; // the module put its own in our place, and means it
    if (own === undefined) delete target[name];
    else Object.defineProperty(target, name, own);
  };
}

/** Where in `file` we are, however far up the stack that is: 'main.ts:12'. Undefined when the file is not on the stack. */
function placeOnStack(file: string): string | undefined {
  const stack = wholeStack();
  for (const name of [file, pathToFileURL(file).href]) {
    const found = stack.split(name)[1];
    const line = found === undefined ? undefined : /^(?:\?[^\s:]*)?:(\d+)/.exec(found)?.[1];
    if (line !== undefined) return `${basename(file)}:${line}`;
  }
  return undefined;
}

/** As text, whatever the program has made of stacks; `Reflect.set`, because under --frozen-intrinsics it can make nothing of them. */
function wholeStack(): string {
  const { stackTraceLimit } = Error;
  const prepareStackTrace: unknown = Reflect.get(Error, 'prepareStackTrace');
  Reflect.set(Error, 'stackTraceLimit', 200);
  Reflect.set(Error, 'prepareStackTrace', undefined);
  const stack = new Error('where').stack ?? '';
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  Reflect.set(Error, 'prepareStackTrace', prepareStackTrace);
  return stack;
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}
