/**
 * The control block of a worker that shares no memory with the loop: the same words in a small file that both have open. A
 * read or write at a position is one system call of a microsecond, works in the middle of a tight loop, and what a worker wrote
 * survives its crash. Messages could do none of that. (On Linux the file lies in /dev/shm, so no disk is involved.)
 *
 * There is no compare-and-swap on files. Each side has a region that it alone writes, and claim and taking back exclude each
 * other as in Dekker's algorithm: the worker writes its claim, then looks whether the loop takes the job back; the loop writes
 * that it takes it back, then looks what is claimed. At least one of them sees the other. In doubt the loop decides, and the
 * worker waits for the decision, which is two system calls away.
 */
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtin } from '../base/late.ts';
import { nextSequence, RING, wallClock } from './control.ts';
import type { LoopControl, WorkerControl } from './control.ts';

/** A job may overwrite the global. */
const { process } = globalThis;

/** Word of the loop: sequence of the job to cancel. */
const CANCEL = 0;
/** Words of the worker: the job it claimed last, the one that ended last, when the former began (two words). */
const CURRENT = 0;
const OVER = 1;
const STARTED_AT = 2;

const WORDS = 4;
const BYTES = (WORDS + 1) * 4;
const LOOP_AT = 0;
const WORKER_AT = 64;
const HEAP_AT = 96; // kilobytes, a word of its own
const BACK_AT = 128; // a byte per place of the ring, written by the loop
const WORDS_AT = BACK_AT + RING; // length, then the last words
/** What the loop says of a job. */
const OFFERED = 0;
const ASKING = 1;
const TAKEN = 2;
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
  const name = `offloop-${process.pid}-${builtin('node:crypto').randomUUID()}`;
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

/** Sequence numbers wrap: `a` is `b`, or came after it. */
function reached(a: number, b: number): boolean {
  return nextSequence(a, -b) < 0x1fffffff;
}

/** The loop's end. It makes the file; usable after `close()`, when it tells what was known last. */
export class ControlFile implements LoopControl {
  /** Where the worker finds it. */
  readonly path: string;
  #fd: number;
  readonly #mine = new Region(LOOP_AT);
  readonly #theirs = new Region(WORKER_AT);
  readonly #back = new Uint8Array(RING);
  readonly #heap = new Int32Array(1);

  constructor() {
    const { fd, path } = create();
    this.#fd = fd;
    this.path = path;
    this.#theirs.write(fd);
    writeSync(fd, this.#back, 0, RING, BACK_AT);
    writeSync(fd, new Uint8Array(4), 0, 4, WORDS_AT);
    this.requestCancel(-1);
  }

  /** Sequence numbers begin at 1, so a file of zeros says that nothing was claimed. */
  offer(first: number, count: number): void {
    for (let i = 0; i < count; i++) if (this.#back[(first + i) % RING] !== OFFERED) this.#say(first + i, OFFERED);
    if (this.#mine.words[CANCEL] !== -1) this.requestCancel(-1); // of a job before: numbers come again after a while
  }

  takeBack(sequence: number): boolean {
    this.#say(sequence, ASKING);
    const taken = this.#fd >= 0 && !reached(this.current, sequence);
    this.#say(sequence, taken ? TAKEN : OFFERED);
    return taken;
  }

  hasBegun(sequence: number): boolean {
    return this.#back[sequence % RING] !== TAKEN && reached(this.current, sequence);
  }

  isRunning(sequence: number): boolean {
    const words = this.#look();
    return words[CURRENT] === sequence && words[OVER] !== sequence && this.#back[sequence % RING] !== TAKEN;
  }

  /** Told by a message. */
  hasPassed(): boolean {
    return false;
  }

  get current(): number {
    return this.#look()[CURRENT] as number;
  }

  get startedAt(): number {
    this.#look();
    const at = this.#theirs.startedAt[0] as number;
    return at === 0 ? 0 : wallClock() - (sharedClock() - at);
  }

  requestCancel(sequence: number): void {
    this.#mine.words[CANCEL] = sequence;
    if (this.#fd >= 0) this.#mine.write(this.#fd);
  }

  /** Results come in messages. */
  isKept(): boolean {
    return false;
  }

  kept(): unknown {
    return undefined;
  }

  keptTime(): number {
    return 0;
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

  #say(sequence: number, what: number): void {
    const place = sequence % RING;
    this.#back[place] = what;
    if (this.#fd >= 0) writeSync(this.#fd, this.#back, place, 1, BACK_AT + place);
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
  readonly #back = new Uint8Array(RING);
  #lookedAt = 0;

  /** Nobody else needs the name from now on: the file goes with the last of the two that has it open. */
  constructor(path: string) {
    this.#fd = openSync(path, 'r+');
    rmSync(path, { force: true });
  }

  claim(sequence: number): boolean {
    this.#tell(sequence, sharedClock());
    let said = this.#heard(sequence);
    while (said === ASKING) said = this.#heard(sequence);
    if (said === OFFERED) return true;
    this.#tell(sequence, 0);
    return false;
  }

  /** What the loop says of this job. */
  #heard(sequence: number): number {
    const place = sequence % RING;
    readSync(this.#fd, this.#back, place, 1, BACK_AT + place);
    return this.#back[place] as number;
  }

  begin(now: boolean): void {
    this.#tell(this.#mine.words[CURRENT] as number, now ? sharedClock() : 0);
  }

  /** No result can stand here. */
  keep(): boolean {
    return false;
  }

  posted(sequence: number): void {
    this.#mine.words[OVER] = sequence;
    this.#mine.write(this.#fd);
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

  #tell(current: number, startedAt: number): void {
    this.#mine.words[CURRENT] = current;
    this.#mine.startedAt[0] = startedAt;
    this.#mine.write(this.#fd);
  }
}
