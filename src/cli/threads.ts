/** Where each thread of a process is: the main thread, and through it its workers. */
import type { StackFrame } from '../base/slow-report.ts';
import { SourceMaps } from '../monitor/source-maps.ts';
import { whereabouts } from './in-target.ts';
import type { Whereabouts } from './in-target.ts';
import { InspectorSession } from './inspector.ts';

export interface ThreadDump {
  /** As `threadId` in the program; 0 is the main thread. */
  readonly id: number;
  readonly name: string;
  /** `unreachable`: in a native call, or ending. */
  readonly state: 'running' | 'idle' | 'unreachable';
  /** Innermost first; functions built into V8 have no file. */
  readonly stack: readonly StackFrame[];
  /** Instead of frames, where V8 gave none. */
  readonly text?: string;
  /** What keeps its event loop alive. */
  readonly resources: Readonly<Record<string, number>>;
}

export interface ProcessDump extends Pick<Whereabouts, 'node' | 'title' | 'uptime'> {
  readonly threads: readonly ThreadDump[];
}

const maps = new SourceMaps();

export async function dumpThreads(session: InspectorSession, patience: number): Promise<ProcessDump> {
  const main = await session.call(whereabouts, [], patience);
  const workers = await dumpWorkers(session, patience).catch(() => []); // Node 10 has no such domain
  const { node, title, uptime } = main;
  return { node, title, uptime, threads: [toDump(0, 'main', main), ...workers] };
}

interface WorkerInfo {
  readonly workerId: string;
  readonly title: string;
}

async function dumpWorkers(session: InspectorSession, patience: number): Promise<ThreadDump[]> {
  const sessions = new Map<string, { info: WorkerInfo; session: InspectorSession }>();
  const onEvent = session.onEvent;
  session.onEvent = (method, params) => {
    const id = String(params['sessionId']);
    if (method === 'NodeWorker.attachedToWorker') {
      const send = (message: string): void =>
        void session.post('NodeWorker.sendMessageToWorker', { sessionId: id, message }, patience).catch(() => {});
      sessions.set(id, { info: params['workerInfo'] as WorkerInfo, session: new InspectorSession(send) });
    } else if (method === 'NodeWorker.receivedMessageFromWorker') sessions.get(id)?.session.hear(String(params['message']));
    else if (method === 'NodeWorker.detachedFromWorker') sessions.get(id)?.session.end();
    else onEvent(method, params);
  };
  try {
    // The answer comes after an event for each worker.
    await session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, patience);
    const dumps = await Promise.all([...sessions.values()].map(({ info, session }) => dumpWorker(info, session, patience)));
    return dumps.sort((a, b) => a.id - b.id);
  } finally {
    await session.post('NodeWorker.disable', {}, patience).catch(() => {});
    session.onEvent = onEvent;
  }
}

async function dumpWorker({ workerId, title }: WorkerInfo, session: InspectorSession, patience: number): Promise<ThreadDump> {
  const [, number, name = ''] = /^(?:\[worker (\d+)\])?\s*(.*)$/s.exec(title) ?? [];
  const id = Number(number ?? workerId);
  try {
    return toDump(id, name, await session.call(whereabouts, [], patience));
  } catch {
    return { id, name, state: 'unreachable', stack: [], resources: {} };
  }
}

function toDump(id: number, name: string, { frames, text, resources }: Whereabouts): ThreadDump {
  const state = frames.length > 0 || text !== undefined ? 'running' : 'idle';
  return { id, name, state, stack: frames.map((raw) => maps.frame(raw)), resources, ...(text !== undefined && { text }) };
}
