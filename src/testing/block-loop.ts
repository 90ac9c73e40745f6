import { checkNumber, outOfRange } from '../base/validate.ts';

/** Burns the loop for `ms` real milliseconds: nothing else runs meanwhile. For tests of what notices a stall. */
export function blockLoop(ms: number): void {
  checkNumber('ms', ms, 'a finite number of milliseconds, 0 or more');
  if (ms < 0 || ms === Infinity) throw outOfRange('ms', 'a finite number of milliseconds, 0 or more', ms);
  const end = performance.now() + ms;
  while (performance.now() < end);
}
