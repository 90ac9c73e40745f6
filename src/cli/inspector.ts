/** Speaks with Node's inspector in another process: questions and answers, and events in between. */
import { get } from 'node:http';
import { WebSocketClient } from './websocket.ts';
import type { Address } from './websocket.ts';

type Params = Readonly<Record<string, unknown>>;

/** The other side did not answer, or went away. */
export class InspectorError extends Error {
  readonly gone: boolean;

  constructor(message: string, gone: boolean) {
    super(message);
    this.name = 'InspectorError';
    this.gone = gone;
  }
}

interface Question {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Params;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** Questions and answers over anything that carries text: a socket, or a worker's session inside one. */
export class InspectorSession {
  onEvent: (method: string, params: Params) => void = () => {};
  readonly #send: (text: string) => void;
  readonly #open = new Map<number, Question>();
  #asked = 0;
  #gone = false;

  constructor(send: (text: string) => void) {
    this.#send = send;
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Rejects with an InspectorError when no answer comes within `patience` milliseconds. */
  post(method: string, params: Params, patience: number): Promise<unknown> {
    if (this.#gone) return Promise.reject(new InspectorError('the connection is closed', true));
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(reject)(new InspectorError(`no answer within ${patience} ms`, false)), patience);
      const settle =
        <T>(settled: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          this.#open.delete(id);
          settled(value);
        };
      this.#open.set(id, { resolve: settle(resolve), reject: settle(reject) });
      this.#send(JSON.stringify({ id, method, params }));
    });
  }

  /** Calls `fn` over there with `args` and returns what it returns, as JSON. Its source text travels: it must use nothing of ours. */
  async call<A extends readonly unknown[], T>(fn: (...args: A) => T, args: A, patience: number): Promise<T> {
    const expression = `(() => { const __name = (f) => f; return JSON.stringify((${fn.toString()})(...${JSON.stringify(args)})); })()`;
    const reply = (await this.post('Runtime.evaluate', { expression, returnByValue: true, silent: true }, patience)) as {
      result?: { value?: unknown };
      exceptionDetails?: { exception?: { description?: string }; text?: string };
    };
    const { exceptionDetails: thrown } = reply;
    if (thrown !== undefined) throw new Error(`it threw: ${thrown.exception?.description ?? thrown.text ?? 'no reason given'}`);
    const { value } = reply.result ?? {};
    return (typeof value === 'string' ? JSON.parse(value) : undefined) as T;
  }

  hear(text: string): void {
    const { id, method, params, result, error } = JSON.parse(text) as Message;
    if (id === undefined) return this.onEvent(method ?? '', params ?? {});
    const question = this.#open.get(id);
    if (error === undefined) question?.resolve(result);
    else question?.reject(new InspectorError(error.message, false));
  }

  end(): void {
    this.#gone = true;
    for (const question of this.#open.values()) question.reject(new InspectorError('the connection was closed', true));
  }
}

export interface Connection {
  readonly session: InspectorSession;
  close(): void;
}

/** Connects to an inspector; undefined when what listens there is none. */
export async function connect(address: Address, patience: number): Promise<Connection | undefined> {
  const path = await targetPath(address, patience);
  if (path === undefined) return undefined;
  const socket = await WebSocketClient.connect(address, path, patience);
  const session = new InspectorSession((text) => socket.send(text));
  socket.listen({ text: (text) => session.hear(text), closed: () => session.end() });
  return { session, close: () => socket.close() };
}

/** Where the inspector of this address wants to be spoken to. */
async function targetPath(address: Address, patience: number): Promise<string | undefined> {
  const text = await fetchText(address, '/json/list', patience);
  try {
    const [target] = JSON.parse(text ?? '') as { webSocketDebuggerUrl?: string; id?: string }[];
    return target?.id === undefined ? undefined : `/${target.id}`;
  } catch {
    return undefined;
  }
}

function fetchText({ host, port }: Address, path: string, patience: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = get({ host, port, path, agent: false, timeout: patience }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(response.statusCode === 200 ? text : undefined));
      response.on('error', () => resolve(undefined));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(undefined));
    asked.on('close', () => resolve(undefined));
  });
}
