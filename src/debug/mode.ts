/** Whether debug mode is on, and how: the option of `run()`, else what `setDebug` said last, else the environment. */
import type { MonitorOptions } from '../base/slow-report.ts';
import { checkCount, ownOptions, wrongType } from '../base/validate.ts';
import type { DebugOptions } from '../core/probe.ts';
import { checkThreshold, resolveSettings } from '../monitor/settings.ts';

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
  const o = ownOptions<DebugOptions>(where, debug, ['slowCallbackDuration', 'stackDepth', 'monitor']);
  if (o.stackDepth !== undefined) checkCount(`${where}.stackDepth`, o.stackDepth, 1);
  return { stackDepth: o.stackDepth ?? DEFAULT_DEPTH, monitor: toMonitor(where, o) };
}

function toMonitor(
  where: string,
  { slowCallbackDuration: threshold = SLOW, monitor = true }: Partial<DebugOptions>,
): MonitorOptions | null {
  checkThreshold(`${where}.slowCallbackDuration`, threshold, 10);
  if (monitor === false) return null;
  if (monitor !== true && (typeof monitor !== 'object' || monitor === null)) {
    throw wrongType(`${where}.monitor`, 'a boolean, or the options of a LoopMonitor', monitor);
  }
  const options: MonitorOptions = { mode: 'debug', threshold, ...(monitor === true ? {} : monitor) };
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
