/**
 * The control block of a worker that shares no memory with the loop: the same words in a small file that both have open. A
 * read or write at a position is one system call of a microsecond, works in the middle of a tight loop, and what a worker wrote
 * survives its crash. Messages could do none of that. (On Linux the file lies in /dev/shm, so no disk is involved.)
 *
 * There is no compare-and-swap on files. Each side has a region that it alone writes, and claim and taking back exclude each
 * other as in Dekker's algorithm: the worker writes its claim, then looks whether the loop takes back; the loop writes that it
 * takes back, then looks what is claimed. At least one of them sees the other. In doubt the loop decides, and the worker waits
 * for the decision, which is two system calls away.
 */
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import process from 'node:process'; // a job may overwrite the global
import type { LoopControl, WorkerControl } from './control.ts';
import { wallClock } from './control.ts';

/** Region of the loop: sequence of the first job, limit, phase of taking back, sequence to cancel. Then a check word. */
const BASE = 0;
const LIMIT = 1;
const PHASE = 2;
const CANCEL = 3;
/** Region of the worker: the batch it speaks of, how many jobs of it are claimed, when the last one began (two words). */
const CLAIMED = 1;
const STARTED_AT = 2;

const WORDS = 4;
const BYTES = (WORDS + 1) * 4;
const LOOP_AT = 0;
const WORKER_AT = 64;
const HEAP_AT = 96; // kilobytes, a word of its own
const WORDS_AT = 128; // length, then the last words
/** Phases of taking back. */
const OPEN = 0;
const ASKING = 1;
const DECIDED = 2;
/** Milliseconds between two looks of a job at its cancel word: a look is a system call, and `checkCancelled()` sits in tight loops. */
const LOOK_INTERVAL = 1;

/** Some words with a check word behind them: a reader that meets a half-written region reads again. */
class Region {
  readonly words: Int32Array = new Int32Array(WORDS + 1);
  readonly startedAt: Float64Array = new Float64Array(this.words.buffer, STARTED_AT * 4, 1);
  readonly #bytes = new Uint8Array(this.words.buffer);
  readonly #at: number;

  constructor(at: number) {
    this.#at = at;
  }

  write(fd: number): void {
    this.words[WORDS] = this.#check();
    writeSync(fd, this.#bytes, 0, BYTES, this.#at);
  }

  read(fd: number): Int32Array {
    do readSync(fd, this.#bytes, 0, BYTES, this.#at);
    while (this.words[WORDS] !== this.#check());
    return this.words;
  }

  #check(): number {
    const { words } = this;
    return ~((words[0] as number) ^ (words[1] as number) ^ (words[2] as number) ^ (words[3] as number));
  }
}

/** Milliseconds on a clock that all processes of a machine share and nobody sets: each has its own `performance.timeOrigin`. */
function sharedClock(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function create(): { fd: number; path: string } {
  const name = `offloop-${process.pid}-${randomUUID()}`;
  const folders = process.platform === 'linux' ? ['/dev/shm', tmpdir()] : [tmpdir()];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      return { fd: openSync(path, 'wx+', 0o600), path };
    } catch (error) {
      if (folder === folders.at(-1)) throw error;
    }
  }
  throw new Error('unreachable');
}

/** The loop's end. It makes the file; usable after `close()`, when it tells what was known last. */
export class ControlFile implements LoopControl {
  /** Where the worker finds it. */
  readonly path: string;
  #fd: number;
  readonly #mine = new Region(LOOP_AT);
  readonly #theirs = new Region(WORKER_AT);
  readonly #heap = new Int32Array(1);

  constructor() {
    const { fd, path } = create();
    this.#fd = fd;
    this.path = path;
    this.#theirs.write(fd);
    writeSync(fd, new Uint8Array(4), 0, 4, WORDS_AT);
    this.#tell(0, 0, DECIDED, 0);
  }

  offer(base: number, size: number): void {
    this.#tell(base, size, OPEN, 0);
  }

  revoke(): number {
    const { words } = this.#mine;
    const [base, limit, phase, cancel] = words as unknown as [number, number, number, number];
    if (phase === DECIDED) return limit;
    this.#tell(base, limit, ASKING, cancel);
    const claimed = this.#claimed();
    this.#tell(base, claimed, DECIDED, cancel);
    return claimed;
  }

  get claimed(): number {
    return this.#mine.words[PHASE] === DECIDED ? (this.#mine.words[LIMIT] as number) : this.#claimed();
  }

  #claimed(): number {
    const words = this.#look();
    return words[BASE] === this.#mine.words[BASE] ? (words[CLAIMED] as number) : 0;
  }

  get startedAt(): number {
    if (this.#look()[BASE] !== this.#mine.words[BASE]) return 0;
    const at = this.#theirs.startedAt[0] as number;
    return at === 0 ? 0 : wallClock() - (sharedClock() - at);
  }

  requestCancel(sequence: number): void {
    const { words } = this.#mine;
    this.#tell(words[BASE] as number, words[LIMIT] as number, words[PHASE] as number, sequence);
  }

  get heapUsed(): number {
    if (this.#fd >= 0) readSync(this.#fd, new Uint8Array(this.#heap.buffer), 0, 4, HEAP_AT);
    return (this.#heap[0] as number) / 1024;
  }

  /** What the worker wrote before it went, or null. */
  lastWords(): Uint8Array | null {
    if (this.#fd < 0) return null;
    const length = new Int32Array(1);
    readSync(this.#fd, new Uint8Array(length.buffer), 0, 4, WORDS_AT);
    if (length[0] === 0) return null;
    const bytes = new Uint8Array(length[0] as number);
    readSync(this.#fd, bytes, 0, bytes.byteLength, WORDS_AT + 4);
    return bytes;
  }

  close(): void {
    if (this.#fd < 0) return;
    this.#look();
    closeSync(this.#fd);
    this.#fd = -1;
    rmSync(this.path, { force: true }); // there only if the worker never came to open it
  }

  #tell(base: number, limit: number, phase: number, cancel: number): void {
    this.#mine.words.set([base, limit, phase, cancel]);
    if (this.#fd >= 0) this.#mine.write(this.#fd);
  }

  #look(): Int32Array {
    return this.#fd >= 0 ? this.#theirs.read(this.#fd) : this.#theirs.words;
  }
}

/** The worker's end. */
export class ControlFileWorker implements WorkerControl {
  readonly #fd: number;
  readonly #mine = new Region(WORKER_AT);
  readonly #theirs = new Region(LOOP_AT);
  #lookedAt = 0;

  /** Nobody else needs the name from now on: the file goes with the last of the two that has it open. */
  constructor(path: string) {
    this.#fd = openSync(path, 'r+');
    rmSync(path, { force: true });
  }

  claim(): number {
    const theirs = this.#decided();
    const base = theirs[BASE] as number;
    const cursor = base === this.#mine.words[BASE] ? (this.#mine.words[CLAIMED] as number) : 0;
    if (cursor >= (theirs[LIMIT] as number)) return -1;
    this.#tell(base, cursor + 1, sharedClock());
    if (this.#theirs.read(this.#fd)[PHASE] === OPEN || cursor < (this.#decided()[LIMIT] as number)) return cursor;
    this.#tell(base, cursor, 0);
    return -1;
  }

  /** What the loop says, once it does not waver. */
  #decided(): Int32Array {
    let theirs = this.#theirs.read(this.#fd);
    while (theirs[PHASE] === ASKING) theirs = this.#theirs.read(this.#fd);
    return theirs;
  }

  begin(now: boolean): void {
    this.#tell(this.#mine.words[BASE] as number, this.#mine.words[CLAIMED] as number, now ? sharedClock() : 0);
  }

  sequence(index: number): number {
    return (this.#theirs.words[BASE] as number) + index;
  }

  mustStop(sequence: number): boolean {
    if (this.#theirs.words[CANCEL] === sequence) return true;
    const now = performance.now();
    if (now - this.#lookedAt < LOOK_INTERVAL) return false;
    this.#lookedAt = now;
    return this.#theirs.read(this.#fd)[CANCEL] === sequence;
  }

  tellHeap(bytes: number): void {
    writeSync(this.#fd, new Uint8Array(new Int32Array([Math.ceil(bytes / 1024)]).buffer), 0, 4, HEAP_AT);
  }

  /** Written at once, unlike a message: what a worker has to say when it dies. */
  sayLastWords(bytes: Uint8Array): void {
    writeSync(this.#fd, bytes, 0, bytes.byteLength, WORDS_AT + 4);
    writeSync(this.#fd, new Uint8Array(new Int32Array([bytes.byteLength]).buffer), 0, 4, WORDS_AT);
  }

  #tell(base: number, claimed: number, startedAt: number): void {
    const { words } = this.#mine;
    words[BASE] = base;
    words[CLAIMED] = claimed;
    this.#mine.startedAt[0] = startedAt;
    this.#mine.write(this.#fd);
  }
}
