/** Where a command writes to, and whether colours are wanted there. */
import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

export type Output = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };

export interface Streams {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: NodeJS.ProcessEnv;
}

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';
export type Paint = (style: Style, text: string) => string;

export class Console {
  readonly streams: Streams;
  /** Paints what goes to stdout. */
  readonly paint: Paint;

  constructor(streams: Streams) {
    this.streams = streams;
    this.paint = painter(wantsColours(streams.stdout, streams.env));
  }

  print(text: string): void {
    this.streams.stdout.write(`${text}\n`);
  }

  printJson(value: unknown): void {
    this.print(JSON.stringify(value, null, 2));
  }

  /** What is not the answer itself: stdout stays fit for a pipe. */
  note(text: string): void {
    const paint = painter(wantsColours(this.streams.stderr, this.streams.env));
    this.streams.stderr.write(`${paint('dim', text)}\n`);
  }

  complain(text: string): void {
    const paint = painter(wantsColours(this.streams.stderr, this.streams.env));
    this.streams.stderr.write(`${paint('red', 'offloop:')} ${text}\n`);
  }
}

/** NO_COLOR and FORCE_COLOR as everywhere, NO_COLOR first; else colours are for terminals. */
export function wantsColours(output: Output, env: NodeJS.ProcessEnv): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return output.isTTY === true && env['TERM'] !== 'dumb';
}

/** Its third parameter is newer than its types: without it, Node 22 and later would decide about colours themselves. */
const style = styleText as (format: Style, text: string, options: { validateStream: boolean }) => string;

export function painter(colours: boolean): Paint {
  return colours ? (format, text) => style(format, text, { validateStream: false }) : (_, text) => text;
}
