/** What is at the other end of stdout, and what it can do. */

const out = process.stdout;

/** Whether a line can be drawn anew. */
export const live = out.isTTY && process.env['TERM'] !== 'dumb';

/** Asked each time, because a window can be resized. */
export const columns = (): number => out.columns || 100;

/** `hasColors` heeds NO_COLOR, and what the terminal can do. */
const colours = live && out.hasColors();
const paint =
  (code: string) =>
  (text: string): string =>
    colours ? `\x1b[${code}m${text}\x1b[0m` : text;

export const bold = paint('1');
export const dim = paint('2');
export const red = paint('1;31');
export const green = paint('1;32');
