/** Numbers for people: with a unit, and no more digits than mean something. No line breaks between the two. */

const NBSP = '\u00a0';

/** `0.4 ms`, `85 ms`, `3.4 s`, `2 min 5 s`, `3 h 12 min`. */
export function duration(ms: number): string {
  if (ms < 9.95) return `${trim(ms.toFixed(1))}${NBSP}ms`;
  if (ms < 999.5) return `${ms.toFixed(0)}${NBSP}ms`;
  if (ms < 9995) return `${trim((ms / 1000).toFixed(2))}${NBSP}s`;
  if (ms < 99_950) return `${trim((ms / 1000).toFixed(1))}${NBSP}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return two(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  return minutes < 1440 ? two(Math.floor(minutes / 60), 'h', minutes % 60, 'min') : days(Math.round(minutes / 60));
}

const days = (hours: number): string => two(Math.floor(hours / 24), 'd', hours % 24, 'h');
const two = (a: number, unit: string, b: number, smaller: string): string => [a, unit, ...(b === 0 ? [] : [b, smaller])].join(NBSP);
const trim = (digits: string): string => digits.replace(/\.?0+$/, '');

/** `0.3 %`, `12 %`; what is small but not nothing does not become nothing. */
export function percent(share: number): string {
  const p = share * 100;
  if (p > 0 && p < 0.1) return `<${NBSP}0.1${NBSP}%`;
  return `${p < 9.95 ? trim(p.toFixed(1)) : p.toFixed(0)}${NBSP}%`;
}

/** `1`, `12,345`. */
export const count = (n: number): string => String(n).replace(/\B(?=(?:\d{3})+$)/g, ',');

/** `once`, `twice`, `12 times`. */
export const times = (n: number): string => (n === 1 ? 'once' : n === 2 ? 'twice' : `${count(n)} times`);
