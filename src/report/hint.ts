/** What to do about a block, in one line. */
import type { SlowReport } from '../base/slow-report.ts';

const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

export function hintFor({ cause, where, cpu, thread }: Pick<SlowReport, 'cause' | 'where' | 'cpu' | 'thread'>): string | null {
  switch (cause) {
    case 'javascript':
    case 'native':
      return synchronous(where?.native) ?? (thread === 0 ? offloadIt(where?.fn) : apart);
    case 'sync-wait':
      return synchronous(where?.native) ?? 'the thread slept inside a synchronous call — wait for it asynchronously, or offload it';
    case 'many-callbacks':
      return `${cpu.callbacks} callbacks or more ran without a turn of the loop — let it turn in between: await checkpoint()`;
    case 'gc':
      return 'no line is slow: the heap is large, or fills fast — keep less of it, or move the data to a worker';
    case 'cpu-starved':
      return starved(cpu.run);
    case 'suspended':
      return 'none of your code — the whole process stood still: SIGSTOP, a paused container, a sleeping machine';
    case 'startup':
      return 'modules were being loaded — import later what is not needed at once';
    default:
      return null;
  }
}

/** Milliseconds on the CPU that are a block of their own, on a machine with nothing else to do. */
const MUCH = 50;

function starved(run: number): string {
  const own = run < MUCH ? 'none of your code — others' : `${Math.round(run)} ms were its own, but others`;
  return `${own} had the CPUs, threads or processes: use fewer workers, or raise the quota`;
}

/** It is off the main loop already. */
const apart = 'the rest of this worker waited for it — give it a job of its own, or let the loop turn in between: await checkpoint()';

/** `fs.readFileSync` has `readFile`; `JSON.parse` has no asynchronous twin. */
function synchronous(native: string | undefined): string | null {
  const [, name] = /(?:^|[. ])(\w+)Sync$/.exec(native ?? '') ?? [];
  if (name !== undefined) return `${native} holds the loop until it is done — use ${name}, which does not, or offload it`;
  return native === 'Atomics.wait' ? 'Atomics.wait holds the loop — use Atomics.waitAsync' : null;
}

function offloadIt(fn: string | undefined): string {
  const name = fn?.split('.').at(-1) ?? '';
  return `offload it — export const ${identifier.test(name) ? name : 'work'} = offload(import.meta, …)`;
}
