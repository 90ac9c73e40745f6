/** What a monitor can be told, by code or by the environment, checked and completed. */
import { checkCount, checkFunction, checkNumber, checkOneOf, outOfRange, ownOptions, wrongType } from '../base/validate.ts';
import type { MonitorOptions, SlowReport } from '../base/slow-report.ts';

export interface Settings {
  readonly mode: 'watch' | 'debug';
  readonly threshold: number;
  readonly heartbeat: number;
  readonly profile: number | false;
  readonly capture: 'evaluate' | 'pause';
  readonly keep: number;
  readonly onSlow: ((r: SlowReport) => void) | undefined;
  readonly log: boolean | string;
  readonly report: string | undefined;
}

const known = ['mode', 'threshold', 'heartbeat', 'profile', 'capture', 'keep', 'onSlow', 'log', 'report'] as const;

const defaults = {
  watch: { threshold: 100, least: 20, heartbeat: 25, profile: false },
  debug: { threshold: 20, least: 10, heartbeat: 5, profile: 5 },
} as const;

export function resolveSettings(options: unknown, where = 'options'): Settings {
  const o = ownOptions<MonitorOptions>(where, options, known);
  if (o.mode !== undefined) checkOneOf(`${where}.mode`, o.mode, ['watch', 'debug']);
  const mode = o.mode ?? 'watch';
  const of = defaults[mode];
  const threshold = o.threshold ?? of.threshold;
  checkThreshold(`${where}.threshold`, threshold, of.least);
  const heartbeat = o.heartbeat ?? Math.min(of.heartbeat, Math.floor(threshold / 3));
  checkCount(`${where}.heartbeat`, heartbeat, 1, { max: 1000 });
  if (heartbeat >= threshold) throw outOfRange(`${where}.heartbeat`, `less than the threshold of ${threshold} milliseconds`, heartbeat);
  checkRest(where, o);
  const { capture = 'evaluate', keep = 100, onSlow, log = true, report, profile = of.profile } = o;
  return Object.freeze({ mode, threshold, heartbeat, profile, capture, keep, onSlow, log, report });
}

export function checkThreshold(where: string, value: unknown, least: number): void {
  const expected = `a number of milliseconds, ${least} or more`;
  checkNumber(where, value, expected);
  if ((value as number) < least || value === Infinity) throw outOfRange(where, expected, value);
}

function checkRest(where: string, { profile, capture, keep, onSlow, log, report }: MonitorOptions): void {
  if (profile !== undefined && profile !== false) {
    const expected = 'false, or a number of milliseconds from 0.1 to 1000';
    if (typeof profile !== 'number') throw wrongType(`${where}.profile`, expected, profile);
    if (!(profile >= 0.1 && profile <= 1000)) throw outOfRange(`${where}.profile`, expected, profile);
  }
  if (capture !== undefined) checkOneOf(`${where}.capture`, capture, ['evaluate', 'pause']);
  if (keep !== undefined) checkCount(`${where}.keep`, keep, 0);
  if (onSlow !== undefined) checkFunction(`${where}.onSlow`, onSlow);
  if (log !== undefined && typeof log !== 'boolean') checkPath(`${where}.log`, log, 'a boolean, or the path of a file');
  if (report !== undefined) checkPath(`${where}.report`, report, 'the path of a file');
}

export function checkPath(where: string, value: unknown, expected: string): void {
  if (typeof value !== 'string') throw wrongType(where, expected, value);
  if (value === '' || value.includes('\0')) throw outOfRange(where, expected, value);
}

const numeric = new Set(['threshold', 'heartbeat', 'profile', 'keep']);

/** `watch,threshold=100,log=lag.ndjson`: a mode, and options by name. */
export function parseSettings(text: string, where = 'OFFLOOP_MONITOR'): MonitorOptions {
  const options: Record<string, unknown> = {};
  for (const word of text.split(',').map((w) => w.trim())) {
    if (word === '' || word === '1') continue;
    const equals = word.indexOf('=');
    if ((known as readonly string[]).includes(word)) throw outOfRange(`${where}.${word}`, `written as ${word}=…`, word);
    if (equals < 0) options['mode'] = word;
    else options[word.slice(0, equals)] = toValue(word.slice(0, equals), word.slice(equals + 1));
  }
  resolveSettings(options, where); // complains in the words of the variable
  return options;
}

function toValue(name: string, text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return numeric.has(name) && text !== '' && !Number.isNaN(Number(text)) ? Number(text) : text;
}
