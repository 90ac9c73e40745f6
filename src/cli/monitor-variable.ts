/** OFFLOOP_MONITOR as a command line wants it: what the user has set there, and the options, which win. */
import { resolve } from 'node:path';
import { parseSettings } from '../monitor/settings.ts';
import { usageError } from './command-error.ts';

const paths = new Set(['log', 'report']);

export function monitorVariable(inherited: string | undefined, settings: Readonly<Record<string, string>>): string {
  const words = Object.entries(settings).map(([name, value]) => wordOf(name, value));
  const text = [inherited ?? '', ...words].filter((word) => word !== '' && word !== '0').join(',');
  try {
    parseSettings(text);
  } catch (error) {
    throw usageError((error as Error).message);
  }
  return text === '' ? '1' : text;
}

function wordOf(name: string, value: string): string {
  if (name === 'mode') return value;
  // The program may change its working directory; the user means this one.
  const word = paths.has(name) ? resolve(value) : value;
  if (word.includes(',')) throw usageError(`--${name}: a path with a comma in it cannot be passed on; got ${JSON.stringify(word)}`);
  return `${name}=${word}`;
}
