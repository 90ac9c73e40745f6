/**
 * Functions that run inside the other process, in the midst of whatever it does. Their source text travels, so each of them is
 * complete in itself: it names nothing of this file, uses no syntax newer than Node 14 knows, changes nothing for good, and
 * survives programs that have replaced or frozen what it calls.
 */
import type { ExecutorStats } from '../executors/executor.ts';
import type { LagSnapshot } from '../monitor/loop-monitor.ts';
import type { RawFrame } from '../monitor/sample.ts';
import type { TaskTable } from '../debug/task-table.ts';

export interface Whereabouts {
  readonly pid: number;
  /** Innermost first; empty when no JavaScript runs. */
  readonly frames: readonly RawFrame[];
  /** The stack as text, where V8 gave no frames. */
  readonly text?: string;
  readonly node: string;
  readonly title: string;
  /** Seconds. */
  readonly uptime: number;
  /** What keeps the event loop alive, and how many of each. */
  readonly resources: Readonly<Record<string, number>>;
}

/** What the parts of offloop in a process tell about themselves. */
export interface Statistics {
  /** One for each copy of the package; none: it is not loaded. */
  readonly tasks: readonly TaskTable[];
  readonly monitors: readonly LagSnapshot[];
  readonly executors: Readonly<Record<string, ExecutorStats>>;
  /** Parts that could not tell, because they were caught in the midst of a change. */
  readonly broken: readonly string[];
  /** Milliseconds since the start, in all. */
  readonly loop: { readonly idle: number; readonly active: number };
  readonly memory: { readonly rss: number; readonly heapUsed: number; readonly heapTotal: number };
  /** Milliseconds of all threads, since the start. */
  readonly cpu: number;
}

/* v8 ignore start -- runs over there: test/realtime/cli-dump.test.ts */
export function whereabouts(): Whereabouts {
  const { stackTraceLimit } = Error;
  // oxlint-disable-next-line typescript/unbound-method -- put back as it was
  const { prepareStackTrace } = Error;
  const holder: { stack?: unknown } = {};
  const findSourceMap = (
    process as { getBuiltinModule?: (name: 'module') => { findSourceMap?: (file: string) => NodeSourceMap | undefined } }
  ).getBuiltinModule?.('module').findSourceMap;
  type NodeSourceMap = {
    findEntry(line: number, column: number): { originalSource?: string; originalLine: number; originalColumn: number };
  };

  const sourceOf = (file: string, line: number, column: number): RawFrame['source'] => {
    const entry = file === '' || file.startsWith('node:') ? undefined : findSourceMap?.(file)?.findEntry(line - 1, column - 1);
    if (entry?.originalSource === undefined) return undefined;
    return { file: entry.originalSource, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
  };
  const toFrame = (site: NodeJS.CallSite): RawFrame => {
    const file = site.getFileName() ?? '';
    const [line, column] = [site.getLineNumber() ?? 0, site.getColumnNumber() ?? 0];
    const name = site.getFunctionName() ?? '';
    const type = file === '' && name !== '' ? site.getTypeName() : null;
    const source = sourceOf(file, line, column);
    return {
      fn: type === null ? name : `${type}.${name}`,
      file,
      line,
      column,
      ...((site as { isAsync?: () => boolean }).isAsync?.() === true && { async: true }),
      ...(source !== undefined && { source }),
    };
  };

  let frames: RawFrame[] = [];
  let text: string | undefined;
  try {
    Error.stackTraceLimit = 100;
    Error.prepareStackTrace = (_, sites) => sites.map(toFrame);
    Error.captureStackTrace(holder, whereabouts);
    // Two frames are ours: the evaluated expression, and the function in it that called this one.
    if (Array.isArray(holder.stack)) frames = (holder.stack as RawFrame[]).slice(2);
    else text = String(holder.stack).split('\n').slice(3).join('\n'); // --frozen-intrinsics: nothing can be set, and nothing throws
  } catch {
    text = '';
  } finally {
    try {
      Error.stackTraceLimit = stackTraceLimit;
      if (prepareStackTrace === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace');
      else Error.prepareStackTrace = prepareStackTrace;
    } catch {
      // frozen: nothing was changed either
    }
  }

  const resources: Record<string, number> = {};
  const active = (process as { getActiveResourcesInfo?: () => string[] }).getActiveResourcesInfo?.() ?? [];
  for (const name of active) resources[name] = (resources[name] ?? 0) + 1;
  const { pid, title, version: node } = process;
  return { pid, frames, node, title, uptime: process.uptime(), resources, ...(text !== undefined && text !== '' && { text }) };
}

type Table = Map<string, Map<{ statistics(): object }, string>>;

/** `kinds` names what is wanted; the latest few reports of each monitor come along. */
export function statistics(kinds: readonly string[]): Statistics {
  const table = (globalThis as unknown as Record<symbol, Table | undefined>)[Symbol.for('offloop.live.v1')];
  const broken: string[] = [];
  const all = (kind: string): [string, object][] => {
    const found: [string, object][] = [];
    const objects = kinds.includes(kind) ? table?.get(kind) : undefined;
    objects?.forEach((name, object) => {
      try {
        found.push([name, object.statistics()]);
      } catch {
        broken.push(`${kind} ${name}`);
      }
    });
    return found;
  };
  const monitors = all('monitor').map(([, object]) => {
    const snapshot = object as LagSnapshot;
    return { ...snapshot, slow: snapshot.slow.slice(-3) };
  });
  const executors: Record<string, ExecutorStats> = {};
  for (const [name, stats] of all('executor')) {
    let unique = name;
    for (let n = 2; Object.prototype.hasOwnProperty.call(executors, unique); n++) unique = `${name} (${n})`;
    executors[unique] = stats as ExecutorStats;
  }
  const { idle, active } = performance.eventLoopUtilization();
  const { rss, heapUsed, heapTotal } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const tasks = all('tasks').map(([, rows]) => rows as TaskTable);
  return { tasks, monitors, executors, broken, loop: { idle, active }, memory: { rss, heapUsed, heapTotal }, cpu: (user + system) / 1000 };
}
/* v8 ignore stop */
