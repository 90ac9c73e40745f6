/**
 * What a child process prints goes to the same place as what this process prints. tinypool's own pipes are taken off: they
 * drop what is still unread when the child exits, which is where a crash says why.
 */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** Characters at the end of stderr that are kept: V8 says there that the heap is full, some lines before the native stack. */
const TAIL = 32_768;

export class Output {
  readonly #streams: readonly Readable[];
  #tail = '';

  constructor({ stdout, stderr }: ChildProcess) {
    this.#streams = [stdout, stderr].filter((stream) => stream !== null);
    forward(stdout, process.stdout);
    forward(stderr, process.stderr);
    stderr?.on('data', (chunk: Buffer) => (this.#tail = (this.#tail + chunk.toString('latin1')).slice(-TAIL)));
  }

  /** Node has no exit code of its own for it. */
  get tellsOutOfMemory(): boolean {
    return /FATAL ERROR: .*(?:heap out of memory|Allocation failed|OOM)/i.test(this.#tail);
  }

  ref(): void {
    for (const stream of this.#streams) (stream as Partial<Pick<Socket, 'ref'>>).ref?.();
  }

  unref(): void {
    for (const stream of this.#streams) (stream as Partial<Pick<Socket, 'unref'>>).unref?.();
  }
}

function forward(from: Readable | null, to: NodeJS.WriteStream): void {
  from?.unpipe(to);
  to.setMaxListeners(to.getMaxListeners() - 1); // tinypool raised it for its pipe
  from?.on('data', (chunk: Buffer) => void to.write(chunk));
  from?.resume();
}
