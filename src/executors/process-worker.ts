/**
 * One child process, through tinypool: it forks the child, loads our entry there and ends it. One Tinypool per slot, so that
 * we know which process runs what. Jobs travel beside tinypool's messages on the same IPC channel, marked with a token that
 * only the two ends know, since a job may use `process.send()` for its own ends.
 *
 * What is sent is serialised here and not by the channel: what cannot be cloned must throw here, before anything is sent, and
 * the channel would quietly turn a MessagePort into `{}`. It also lets jobs wait for a child that is still starting.
 *
 * Marks of progress and cancellation are no messages but words in a file, see `wire/control-file.ts`: they survive the child.
 */
import type { ChildProcess } from 'node:child_process';
import type { Tinypool } from 'tinypool';
import { ControlFile } from '../wire/control-file.ts';
import { decodeThrown } from '../wire/error-codec.ts';
import type { FromWorker, Hello, LastWords, Ready, ToWorker } from '../wire/protocol.ts';
import type { PoolSettings } from './options.ts';
import { Output } from './process-output.ts';
import type { WorkerDeath, WorkerHandle, WorkerListener } from './worker-handle.ts';
import { builtin, installed } from '../base/late.ts';
import { workerEntry } from '../base/worker-file.ts';

/** Milliseconds after its exit in which a child's last output is read; grandchildren may hold the pipes open for ever. */
const LAST_OUTPUT = 200;

export class ProcessWorker implements WorkerHandle {
  readonly control: ControlFile = new ControlFile();
  readonly gone: Promise<void>;
  readonly #v8 = builtin('node:v8');
  readonly #pool: Tinypool;
  readonly #child: ChildProcess;
  readonly #output: Output;
  readonly #token: number = builtin('node:crypto').randomInt(2 ** 47);
  readonly #listener: WorkerListener;
  /** Messages for a child that cannot read them yet. */
  #waiting: Uint8Array[] | null = [];
  #unreadable: WorkerDeath | null = null;
  #received = 0;
  #told = false;

  constructor(settings: PoolSettings, hello: Hello, listener: WorkerListener) {
    this.#listener = listener;
    try {
      this.#pool = startTinypool(settings);
      this.#child = childOf(this.#pool);
    } catch (error) {
      this.control.close();
      throw error;
    }
    this.#output = new Output(this.#child);
    this.#child.on('message', (message: unknown) => this.#receive(message));
    this.#child.on('disconnect', () => this.#child.kill('SIGKILL')); // nothing can be said to it any more
    this.gone = this.#watch(this.#child);
    const first = { hello, token: this.#token, parent: process.pid, control: this.control.path };
    this.#pool.run(first).then(
      (ready: Ready) => this.#ready(ready),
      () => {}, // the process died: its own events tell more
    );
  }

  get id(): number | undefined {
    return this.#child.pid;
  }

  #ready(ready: Ready): void {
    if (this.#told) return;
    const waiting = this.#waiting as Uint8Array[];
    this.#waiting = null;
    if (ready.unready === undefined) for (const bytes of waiting) this.#post(bytes);
    this.#listener.ready(ready);
  }

  #receive(message: unknown): void {
    if (this.#told || !Array.isArray(message) || message[0] !== this.#token) return;
    this.#received++;
    let content: FromWorker;
    try {
      content = this.#v8.deserialize(message[1] as Uint8Array) as FromWorker;
    } catch (error) {
      // Nobody can say whose result was lost: rather blame the running job than let it wait for ever.
      this.#unreadable ??= { why: 'uncaught', exitCode: null, signalName: null, cause: error };
      this.#child.kill('SIGKILL');
      return;
    }
    if (this.#unreadable === null) this.#listener.message(content);
  }

  /** Ahead of tinypool's own listener: it would start another process in place of this one. */
  #watch(child: ChildProcess): Promise<void> {
    return new Promise((resolve) => {
      child.prependListener('exit', (exitCode, signalName) => {
        this.#pool.options.minThreads = 0;
        let over = false;
        const end = (): void => {
          if (over) return;
          over = true;
          clearTimeout(limit);
          this.#end(exitCode, signalName);
          resolve();
        };
        const limit = setTimeout(end, LAST_OUTPUT);
        child.once('close', () => setImmediate(setImmediate, end)); // the last messages come after the end of their channel, and Node's handle goes
      });
    });
  }

  #end(exitCode: number | null, signalName: string | null): void {
    if (!this.#told) {
      this.#told = true;
      const { death, messages } = this.#lastOf(exitCode, signalName);
      this.#listener.died(this.#unreadable ?? death, messages);
    }
    this.control.close();
  }

  #lastOf(exitCode: number | null, signalName: string | null): { death: WorkerDeath; messages: FromWorker[] } {
    const words = this.control.lastWords();
    if (words === null) return { death: this.#silentDeath(exitCode, signalName), messages: [] };
    const { uncaught, from, messages } = this.#v8.deserialize(words) as LastWords;
    const unheard = messages.slice(this.#received - from).map((bytes) => this.#v8.deserialize(bytes) as FromWorker);
    const cause = uncaught === null ? undefined : decodeThrown(uncaught);
    return { death: { why: uncaught === null ? 'exit' : 'uncaught', exitCode, signalName, cause }, messages: unheard };
  }

  #silentDeath(exitCode: number | null, signalName: string | null): WorkerDeath {
    const aborted = signalName === 'SIGABRT' || exitCode === 134;
    return { why: aborted && this.#output.tellsOutOfMemory ? 'out-of-memory' : 'exit', exitCode, signalName, cause: undefined };
  }

  /** There is no way to hand memory over to another process: what was marked by `move()` is copied. */
  send(message: ToWorker, _transfer: readonly object[]): void {
    const bytes = this.#v8.serialize(message);
    if (this.#waiting === null) this.#post(bytes);
    else this.#waiting.push(bytes);
  }

  #post(bytes: Uint8Array): void {
    this.#child.send([this.#token, bytes], () => {}); // a channel that is closed belongs to a child that is about to be gone
  }

  keepAlive(on: boolean): void {
    for (const handle of [this.#child, this.#child.channel, this.#output]) {
      if (on) handle?.ref();
      else handle?.unref();
    }
  }

  async terminate(): Promise<void> {
    this.#told = true;
    this.keepAlive(true);
    this.#pool.destroy().catch(() => {}); // asks politely, and keeps it from starting another
    this.#child.kill('SIGKILL');
    await this.gone;
  }
}

function startTinypool(settings: PoolSettings): Tinypool {
  const { Tinypool: Processes } = installed('tinypool');
  const pool = new Processes({
    runtime: 'child_process',
    filename: workerEntry('process'),
    name: 'serve',
    minThreads: 1,
    maxThreads: 1,
    idleTimeout: 2 ** 31 - 1,
    serialization: 'advanced',
    execArgv: [...settings.execArgv, ...limitFlags(settings.resourceLimits ?? {})],
    env: { ...(settings.env ?? process.env) } as Record<string, string>,
  });
  pool.on('error', () => {}); // told by the child's own events
  return pool;
}

/** tinypool's type shows the part that threads and processes have in common. */
function childOf(pool: Tinypool): ChildProcess {
  const { process: child } = pool.threads[0] as unknown as { process: ChildProcess };
  if (child.pid === undefined) throw new Error('no further process can be started');
  return child;
}

/** The limits of a thread as flags of a process. V8's young generation is three semi-spaces. */
function limitFlags(limits: Readonly<Record<string, number>>): string[] {
  const { maxOldGenerationSizeMb: old, maxYoungGenerationSizeMb: young, stackSizeMb: stack } = limits as Record<string, number | undefined>;
  return [
    ...(old === undefined ? [] : [`--max-old-space-size=${Math.ceil(old)}`]),
    ...(young === undefined ? [] : [`--max-semi-space-size=${Math.max(1, Math.floor(young / 3))}`]),
    ...(stack === undefined ? [] : [`--stack-size=${Math.ceil(stack * 1024)}`]),
  ];
}
