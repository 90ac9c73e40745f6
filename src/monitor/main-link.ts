/**
 * The inspector session from the watchdog to the main thread. Connected when a stall begins and closed when things are well
 * again, so that nothing is attached to a healthy program. `Debugger.enable` is sent for `capture: 'pause'` only, and for no
 * longer than the stall: it tells of every script there is, and to pause the program costs it more than to be asked.
 */
import type { Session } from 'node:inspector';
import { builtin } from '../base/late.ts';
import { ASK, clock } from './hub.ts';
import { inTurn } from './in-turn.ts';
import type { Answer, RawFrame, Sample } from './sample.ts';
import type { Settings } from './settings.ts';

export interface Link {
  /** Puts the question; the answer comes when the thread can be interrupted, or never (null). */
  ask(heard: (sample: Sample | null) => void): void;
  /** The stall is over: a question that has not been heard yet is taken back where that is possible. */
  relax(): void;
  close(): void;
}

/** A newer Node knows it; the types do not. */
type MainSession = Session & { connectToMainThread(): void };

/** Of the Chrome DevTools protocol, as far as it is read here. Lines and columns count from 0 there. */
interface Paused {
  readonly params: { readonly callFrames: readonly CallFrame[] };
}
interface Parsed {
  readonly params: { readonly scriptId: string; readonly url: string };
}
interface CallFrame {
  readonly functionName: string;
  readonly location: Position;
  readonly functionLocation?: Position;
}
interface Position {
  readonly scriptId: string;
  readonly lineNumber: number;
  readonly columnNumber?: number;
}

export class MainLink implements Link {
  #session: MainSession | null = null;
  readonly #capture: Settings['capture'];
  #debugging = false;
  /** Frames name their script by a number. Told of each script, one by one, when the debugger is turned on. */
  readonly #scripts = new Map<string, string>();

  readonly #attached: (on: boolean) => void;

  constructor(capture: Settings['capture'], attached: (on: boolean) => void) {
    this.#capture = capture;
    this.#attached = attached;
  }

  get session(): MainSession {
    if (this.#session === null) {
      const session = new (builtin('node:inspector').Session)() as MainSession;
      this.#attached(true);
      session.connectToMainThread();
      this.#session = session;
    }
    return this.#session;
  }

  ask(heard: (sample: Sample | null) => void): void {
    if (this.#capture === 'pause') this.#pause(heard);
    else this.#evaluate(clock(), [], heard);
  }

  #evaluate(asked: number, frames: readonly RawFrame[], heard: (sample: Sample | null) => void): void {
    const answered = inTurn((error: Error | null, reply: object | undefined) => {
      heard(error === null ? toSample(asked, (reply as { result?: { value?: unknown } }).result?.value, frames) : null);
    });
    this.session.post('Runtime.evaluate', { expression: ASK, returnByValue: true, silent: true }, answered);
  }

  /**
   * The question and the word to go on are sent in one breath, so that the program goes on whatever becomes of this thread;
   * should it die before that, the inspector lets the program go on when the session ends.
   */
  #pause(heard: (sample: Sample | null) => void): void {
    const asked = clock();
    const { session } = this;
    if (!this.#debugging) {
      this.#debugging = true;
      session.on('Debugger.scriptParsed', ({ params }: Parsed) => void this.#scripts.set(params.scriptId, params.url));
      session.post('Debugger.enable');
    }
    const paused = inTurn(({ params }: Paused) => {
      if (this.#session !== session) return; // closed in between, which lets the program go on
      this.#evaluate(
        asked,
        params.callFrames.map((frame) => this.#toRaw(frame)),
        heard,
      );
      session.post('Debugger.resume');
    });
    session.once('Debugger.paused', paused);
    session.post('Debugger.pause');
  }

  #toRaw({ functionName: fn, location, functionLocation }: CallFrame): RawFrame {
    const [line, column] = place(location);
    const file = this.#scripts.get(location.scriptId) ?? '';
    return { fn, file, line, column, ...(functionLocation !== undefined && { declared: place(functionLocation) }) };
  }

  relax(): void {
    if (!this.#debugging) return;
    this.#debugging = false;
    this.#session?.removeAllListeners('Debugger.paused');
    this.#session?.removeAllListeners('Debugger.scriptParsed');
    this.#scripts.clear();
    this.#session?.post('Debugger.disable'); // goes on, too, if it should be paused just now
  }

  close(): void {
    this.relax();
    this.#session?.disconnect();
    this.#session = null;
    this.#attached(false);
  }
}

function place({ lineNumber, columnNumber = 0 }: Position): readonly [line: number, column: number] {
  return [lineNumber + 1, columnNumber + 1];
}

/** The frames of the debugger stand in where the thread itself cannot read its stack (`--frozen-intrinsics`). */
export function toSample(asked: number, value: unknown, paused: readonly RawFrame[]): Sample | null {
  if (typeof value !== 'string') return null;
  try {
    const answer = JSON.parse(value) as Answer;
    return { asked, ...answer, ...(answer.frames.length === 0 && { frames: paused }) };
  } catch {
    return null;
  }
}
