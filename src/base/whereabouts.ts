/**
 * Where a worker thread is just now. Who can tell (a lag monitor, while it runs) registers here; who wants to know (a pool whose
 * job is overdue) asks here. Without a monitor nobody can, and asking costs nothing. Shared by all copies of the package.
 */
import type { StackFrame } from './slow-report.ts';

/** Frames of the program, innermost first; null when the thread did not answer in time. */
export type Whereabouts = readonly StackFrame[] | null;
export type AskThread = (threadId: number) => Promise<Whereabouts>;

const key: unique symbol = Symbol.for('offloop.whereabouts.v1') as never;
const host = globalThis as { [key]?: AskThread | undefined };

/** Until the result is called. The last to register is asked. */
export function answerForThreads(ask: AskThread): () => void {
  const before = host[key];
  host[key] = ask;
  return () => {
    if (host[key] === ask) host[key] = before;
  };
}

/** null: nobody can tell. */
export function whereIs(threadId: number): Promise<Whereabouts> | null {
  return host[key]?.(threadId) ?? null;
}
