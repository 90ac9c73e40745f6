/** A terminal that is drawn over and over, and left as it was found. Anything else than a terminal gets one text after the other. */
import { cut } from './columns.ts';
import type { Output } from './console.ts';

const [HIDE, SHOW, HOME, CLEAR_LINE, CLEAR_BELOW] = ['\x1b[?25l', '\x1b[?25h', '\x1b[H', '\x1b[K', '\x1b[J'];
const [OTHER_SCREEN, OWN_SCREEN] = ['\x1b[?1049h', '\x1b[?1049l'];

export interface Stop {
  readonly requested: boolean;
  /** Waits; false as soon as the user wants to end. */
  after(ms: number): Promise<boolean>;
  forget(): void;
}

export class Screen {
  readonly #output: Output;
  readonly #live: boolean;
  #begun = false;
  #last = '';

  constructor(output: Output, live: boolean) {
    this.#output = output;
    this.#live = live && output.isTTY === true;
  }

  show(text: string): void {
    if (!this.#live) {
      this.#output.write(`${this.#begun ? '\n' : ''}${text}\n`);
      this.#begun = true;
      return;
    }
    if (!this.#begun) this.#output.write(OTHER_SCREEN + HIDE);
    this.#begun = true;
    this.#last = text;
    const lines = text.split('\n').slice(0, Math.max(1, (this.#output.rows ?? 24) - 1));
    this.#output.write(`${HOME}${lines.map((line) => cut(line, this.#output.columns ?? 80) + CLEAR_LINE).join('\n')}\n${CLEAR_BELOW}`);
  }

  /** The last text stays in sight. */
  end(): void {
    if (!this.#live || !this.#begun) return;
    this.#begun = false;
    this.#output.write(`${SHOW}${OWN_SCREEN}${this.#last}\n`);
  }

  /** Ctrl-C and SIGTERM ask for an end in order; a second one ends at once. */
  onInterrupt(): Stop {
    let requested = false;
    let wake = (): void => {};
    const handler = (): void => {
      if (requested) {
        this.end();
        process.exit(130);
      }
      requested = true;
      wake();
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    for (const signal of signals) process.on(signal, handler);
    return {
      get requested() {
        return requested;
      },
      after: (ms) =>
        new Promise((resolve) => {
          const timer = setTimeout(() => resolve(!requested), requested ? 0 : ms);
          wake = () => {
            clearTimeout(timer);
            resolve(false);
          };
        }),
      forget: () => {
        for (const signal of signals) process.off(signal, handler);
      },
    };
  }
}
