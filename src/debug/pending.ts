/** Tasks that have not ended when the process does: it was told to exit in their midst, or they wait for what never comes. */
import type { TaskCore } from '../core/task.ts';
import { siteOf } from './sites.ts';
import { placeOf } from './stack.ts';

const MOST = 10;
const pending = new Set<TaskCore>();

export function begun(task: TaskCore): void {
  if (pending.size === 0) process.on('exit', reportPending);
  pending.add(task);
}

export function ended(task: TaskCore): void {
  if (pending.delete(task) && pending.size === 0) process.off('exit', reportPending);
}

/** Nobody looks any more. */
export function forgetPending(): void {
  pending.clear();
  process.off('exit', reportPending);
}

function reportPending(): void {
  const [first] = pending;
  if (first === undefined) return;
  const lines = [...pending].slice(0, MOST).map(describe);
  const more = pending.size > MOST ? `\n  and ${pending.size - MOST} more` : '';
  const count = pending.size === 1 ? '1 task was' : `${pending.size} tasks were`;
  first.runtime.report({ message: `${count} still pending when the process exited:${lines.join('')}${more}` });
}

function describe(task: TaskCore): string {
  const site = siteOf(task);
  const place = site === undefined ? undefined : placeOf(site);
  return `\n  ${task.describe()}${place === undefined ? '' : `, created at ${place}`}`;
}
