/** Whether debug mode is on, and how: the option of `run()`, else what `setDebug` said last, else the environment. */
import { checkCount, ownOptions, wrongType } from '../base/validate.ts';
import type { DebugOptions } from '../core/probe.ts';

/** null: off. */
export type Mode = { readonly stackDepth: number } | null;

const DEFAULT_DEPTH = 10;
let chosen: Mode | undefined;

export function toMode(where: string, debug: boolean | DebugOptions): Mode {
  if (debug === false) return null;
  if (debug === true) return { stackDepth: DEFAULT_DEPTH };
  if (typeof debug !== 'object' || debug === null) throw wrongType(where, 'a boolean or an object', debug);
  const o = ownOptions<DebugOptions>(where, debug, ['stackDepth']);
  if (o.stackDepth !== undefined) checkCount(`${where}.stackDepth`, o.stackDepth, 1);
  return { stackDepth: o.stackDepth ?? DEFAULT_DEPTH };
}

/** For runs and for code outside of them that do not say otherwise. */
export function choose(mode: Mode): void {
  chosen = mode;
}

export function modeFor(debug: boolean | DebugOptions | undefined): Mode {
  if (debug !== undefined) return toMode('options.debug', debug);
  if (chosen !== undefined) return chosen;
  return (process.env['OFFLOOP_DEBUG'] ?? '') === '' ? null : { stackDepth: DEFAULT_DEPTH };
}
