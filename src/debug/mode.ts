/** Whether debug mode is on, and how: the option of `run()`, else what `setDebug` said last, else the environment. */
import type { MonitorOptions } from '../base/slow-report.ts';
import { checkCount, outOfRange, ownOptions, wrongType } from '../base/validate.ts';
import type { DebugOptions } from '../core/probe.ts';
import { checkPath, checkThreshold, resolveSettings } from '../monitor/settings.ts';

/** null: off. */
export interface DebugMode {
  readonly stackDepth: number;
  /** null: no lag monitor. */
  readonly monitor: MonitorOptions | null;
}
export type Mode = DebugMode | null;

const DEFAULT_DEPTH = 10;
/** asyncio's, too. */
const SLOW = 100;
const plain: Mode = { stackDepth: DEFAULT_DEPTH, monitor: { mode: 'debug', threshold: SLOW } };
let chosen: Mode | undefined;

export function toMode(where: string, debug: boolean | DebugOptions): Mode {
  if (debug === false) return null;
  if (debug === true) return plain;
  if (typeof debug !== 'object' || debug === null) throw wrongType(where, 'a boolean or an object', debug);
  const o = ownOptions<DebugOptions>(where, debug, ['slowCallbackDuration', 'stackDepth', 'monitor', 'report']);
  if (o.stackDepth !== undefined) checkCount(`${where}.stackDepth`, o.stackDepth, 1);
  return { stackDepth: o.stackDepth ?? DEFAULT_DEPTH, monitor: toMonitor(where, o) };
}

function toMonitor(
  where: string,
  { slowCallbackDuration: threshold = SLOW, monitor = true, report = false }: Partial<DebugOptions>,
): MonitorOptions | null {
  checkThreshold(`${where}.slowCallbackDuration`, threshold, 10);
  if (report !== false) checkPath(`${where}.report`, report, 'the path of a file, or false');
  if (monitor === false && report !== false) throw outOfRange(`${where}.report`, 'false without a monitor, which would write it', report);
  if (monitor === false) return null;
  if (monitor !== true && (typeof monitor !== 'object' || monitor === null)) {
    throw wrongType(`${where}.monitor`, 'a boolean, or the options of a LoopMonitor', monitor);
  }
  const own = { mode: 'debug', threshold, ...(report !== false && { report }) } as const;
  const options: MonitorOptions = { ...own, ...(monitor === true ? {} : monitor) };
  resolveSettings(options, `${where}.monitor`);
  return options;
}

/** For runs and for code outside of them that do not say otherwise. */
export function choose(mode: Mode): void {
  chosen = mode;
}

export function modeFor(debug: boolean | DebugOptions | undefined): Mode {
  if (debug !== undefined) return toMode('options.debug', debug);
  if (chosen !== undefined) return chosen;
  return (process.env['OFFLOOP_DEBUG'] ?? '') === '' ? null : plain;
}
