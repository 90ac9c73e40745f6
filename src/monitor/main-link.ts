/**
 * The inspector session from the watchdog to the main thread. Connected when a stall begins and closed when things are well
 * again, so that nothing is attached to a healthy program. `Debugger.enable` is never sent: it would make the program slower.
 */
import { Session } from 'node:inspector';
import { ASK, clock } from './hub.ts';
import type { Answer, Sample } from './sample.ts';

export interface Link {
  /** Puts the question; the answer comes when the thread can be interrupted, or never (null). */
  ask(heard: (sample: Sample | null) => void): void;
  close(): void;
}

/** A newer Node knows it; the types do not. */
type MainSession = Session & { connectToMainThread(): void };

export class MainLink implements Link {
  #session: MainSession | null = null;

  get session(): MainSession {
    if (this.#session === null) {
      const session = new Session() as MainSession;
      session.connectToMainThread();
      this.#session = session;
    }
    return this.#session;
  }

  ask(heard: (sample: Sample | null) => void): void {
    const asked = clock();
    this.session.post('Runtime.evaluate', { expression: ASK, returnByValue: true, silent: true }, (error, reply) => {
      heard(error === null ? toSample(asked, (reply as { result?: { value?: unknown } }).result?.value) : null);
    });
  }

  close(): void {
    this.#session?.disconnect();
    this.#session = null;
  }
}

function toSample(asked: number, value: unknown): Sample | null {
  if (typeof value !== 'string') return null;
  try {
    return { asked, ...(JSON.parse(value) as Answer) };
  } catch {
    return null;
  }
}
