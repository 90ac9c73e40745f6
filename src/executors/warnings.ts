/** Warnings that several workers would repeat are printed once per process. */
const printed = new Set<string>();

export function warnOnce(file: string, text: string): void {
  const key = file === '' ? text : file;
  if (printed.has(key)) return;
  if (printed.size > 1000) printed.clear();
  printed.add(key);
  process.emitWarning(text, { type: 'OffloopWarning', code: file === '' ? 'OFFLOOP_EXECUTOR' : 'OFFLOOP_MAIN_FILE' });
}
