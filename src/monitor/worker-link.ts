/**
 * Asks worker threads where they are, through the inspector of the main thread: it reaches all of them, whatever they are busy
 * with (0.3 to 20 ms, also in `Atomics.wait` and regular expressions; not in a native call, nor in child processes). Attached
 * to the workers only while somebody asks, and a second longer. `Debugger.enable` is never sent.
 */
import type { Session } from 'node:inspector';
import { builtin } from '../base/late.ts';
import { answerForThreads } from '../base/whereabouts.ts';
import type { Whereabouts } from '../base/whereabouts.ts';
import { clock } from './hub.ts';
import { inTurn } from './in-turn.ts';
import { SourceMaps } from './source-maps.ts';
import { parseStack } from './stack-text.ts';

/** Milliseconds for an answer: the first takes longer, on a busy machine. A thread that is in a native call gives none. */
const PATIENCE = 300;
const CALM = 1000;
const EXPRESSION =
  '(() => { const limit = Error.stackTraceLimit; try { Error.stackTraceLimit = 40; return new Error().stack; } finally { Error.stackTraceLimit = limit; } })()';

interface Attached {
  readonly params: { readonly sessionId: string; readonly workerInfo: { readonly title: string } };
}
interface Received {
  readonly params: { readonly message: string };
}
type Post = (method: string, params?: object, heard?: (error: Error | null) => void) => void;
type Hear = (event: string, listener: (message: never) => void) => void;

export interface Evaluated {
  readonly asked: number;
  readonly value: string | null;
}

export class WorkerLink {
  #session: Session | null = null;
  /** Session of each attached thread, by the thread's number. */
  readonly #threads = new Map<number, string>();
  readonly #answers = new Map<number, (stack: string | null) => void>();
  readonly #maps = new SourceMaps();
  #count = 0;
  #closer: NodeJS.Timeout | null = null;

  readonly ask = async (threadId: number): Promise<Whereabouts> => {
    const { value: stack } = await this.evaluate(threadId, EXPRESSION);
    return stack === null ? null : parseStack(stack).map((frame) => this.#maps.frame(frame));
  };

  /** The string that it gives, null without an answer; and when the thread was asked, on `process.hrtime` in milliseconds. */
  async evaluate(threadId: number, expression: string): Promise<Evaluated> {
    const question = { asked: clock() };
    const value = await this.#evaluate(threadId, expression, question).catch(() => null);
    return { ...question, value };
  }

  async #evaluate(threadId: number, expression: string, question: { asked: number }): Promise<string | null> {
    const session = this.#open();
    await this.#post(session, 'NodeWorker.enable', { waitForDebuggerOnStart: false });
    const sessionId = this.#threads.get(threadId);
    if (sessionId === undefined) return null;
    const id = ++this.#count;
    const params = { expression, returnByValue: true, silent: true };
    const answer = new Promise<string | null>((resolve) => this.#answers.set(id, resolve));
    const timer = setTimeout(() => this.#answers.get(id)?.(null), PATIENCE);
    try {
      question.asked = clock();
      const message = JSON.stringify({ id, method: 'Runtime.evaluate', params });
      await this.#post(session, 'NodeWorker.sendMessageToWorker', { sessionId, message });
      return await answer;
    } finally {
      this.#answers.delete(id);
      clearTimeout(timer);
    }
  }

  #post(session: Session, method: string, params?: object): Promise<void> {
    return new Promise((resolve, reject) => {
      const post = session.post.bind(session) as Post;
      post(method, params, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  #open(): Session {
    if (this.#closer !== null) clearTimeout(this.#closer);
    this.#closer = setTimeout(() => this.close(), CALM).unref();
    if (this.#session !== null) return this.#session;
    const session = new (builtin('node:inspector').Session)();
    session.connect();
    const hear = session.on.bind(session) as unknown as Hear;
    hear('NodeWorker.attachedToWorker', ({ params }: Attached) => {
      const [, thread] = /^\[worker (\d+)\]/.exec(params.workerInfo.title) ?? [];
      if (thread !== undefined) this.#threads.set(Number(thread), params.sessionId);
    });
    const received = inTurn(({ params }: Received) => {
      const { id, result } = JSON.parse(params.message) as { id?: number; result?: { result?: { value?: unknown } } };
      const stack = result?.result?.value;
      if (id !== undefined) this.#answers.get(id)?.(typeof stack === 'string' ? stack : null);
    });
    hear('NodeWorker.receivedMessageFromWorker', received);
    this.#session = session;
    return session;
  }

  /** Never from within one of the session's events: Node 20 would crash. */
  close(): void {
    const session = this.#session;
    this.#session = null;
    this.#threads.clear();
    for (const give of this.#answers.values()) give(null);
    if (this.#closer !== null) clearTimeout(this.#closer);
    this.#closer = null;
    if (session === null) return;
    (session.post.bind(session) as Post)('NodeWorker.disable');
    session.disconnect();
  }
}

let shared: WorkerLink | null = null;
let users = 0;
let undo: (() => void) | null = null;

/** While at least one monitor runs, threads are answered for. The result ends that, once. */
export function answerByInspector(): () => void {
  if (users++ === 0) {
    const link = (shared = new WorkerLink());
    const end = answerForThreads(link.ask);
    undo = () => {
      end();
      link.close();
      shared = null;
    };
  }
  let mine = true;
  return () => {
    if (!mine) return;
    mine = false;
    if (--users > 0) return;
    undo?.();
    undo = null;
  };
}

/** Without a monitor nobody can ask. */
export async function evaluateInThread(threadId: number, expression: string): Promise<Evaluated> {
  return shared === null ? { asked: clock(), value: null } : shared.evaluate(threadId, expression);
}
