/**
 * Whether a value read from a log is one of its lines. What the reports compute with is checked, so that a log that was edited
 * or mixed up leads to a sentence, not to a crash; what is only shown may be anything that JSON can say.
 */
import type { Line, LineType } from './model.ts';
import { VERSION } from './model.ts';

type Check = (value: unknown) => boolean;
type Fields = Readonly<Record<string, Check>>;

const number: Check = (v) => typeof v === 'number' && Number.isFinite(v);
const string: Check = (v) => typeof v === 'string';
const nullable =
  (check: Check): Check =>
  (v) =>
    v === null || check(v);
const optional =
  (check: Check): Check =>
  (v) =>
    v === undefined || check(v);
const list =
  (check: Check): Check =>
  (v) =>
    Array.isArray(v) && v.every((item) => check(item));
const record =
  (fields: Fields): Check =>
  (v) =>
    isObject(v) && Object.entries(fields).every(([name, check]) => check(v[name]));
const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

const frame = record({ fn: string, file: string, line: number, column: number });
const percentiles = record({ p50: number, p90: number, p99: number, max: number, mean: number, count: number });
const functionTimes = record({ waitTime: percentiles, runTime: percentiles });
const executor = record({
  kind: string,
  workers: number,
  busy: number,
  queued: number,
  running: number,
  completed: number,
  failed: number,
  utilization: number,
  waitTime: percentiles,
  runTime: percentiles,
  functions: optional((v) => isObject(v) && Object.values(v).every((each) => functionTimes(each))),
});

const block: Fields = {
  start: number,
  end: number,
  ms: number,
  threshold: number,
  cause: string,
  confidence: string,
  callbacks: number,
  samples: number,
  seen: number,
  cpu: record({ run: number, gc: number, runQueue: nullable(number) }),
  where: optional((v) => frame(v) && optional(string)((v as { native?: unknown }).native)),
  stack: optional(list(frame)),
  stacks: optional(list(record({ ms: number, count: number, frames: list(frame) }))),
  task: optional(record({ id: number, name: string, spawnedAt: optional(string) })),
};

const shapes: Readonly<Record<LineType, Fields>> = {
  block,
  'still-blocked': block,
  suspended: block,
  startup: block,
  lag: {
    start: number,
    end: number,
    delay: record({ max: number, mean: number }),
    busy: number,
    run: nullable(number),
    runQueue: nullable(number),
    gc: number,
  },
  executors: { at: number, executors: (v) => isObject(v) && Object.values(v).every((each) => executor(each)) },
  start: {
    at: number,
    node: string,
    platform: string,
    cwd: string,
    command: list(string),
    mode: string,
    threshold: number,
    heartbeat: number,
  },
  end: { at: number },
};

export const lineTypes: ReadonlySet<string> = new Set(Object.keys(shapes));

export function isLine(value: unknown): value is Line {
  if (!isObject(value)) return false;
  const { v, type, pid, thread } = value;
  if (v !== VERSION || typeof type !== 'string' || !lineTypes.has(type) || !number(pid) || !number(thread)) return false;
  return record(shapes[type as LineType])(value);
}
