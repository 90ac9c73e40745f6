/**
 * The bar of `map(…, { progress: true })`, on stderr. Where stderr is no terminal a bar would only fill a log: there it is a
 * line every ten seconds, and one at the end. Neither keeps the process alive, nor leaves a terminal changed that is not ended.
 */
import type { SingleBar } from 'cli-progress';

const BAR_INTERVAL = 100;
/** Milliseconds between two lines of a log. */
const LINE_INTERVAL = 10_000;

export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface Progress {
  done: number;
  /** No result follows: shows the last state. */
  end(): Promise<void>;
}

export function progressBar(total: number | undefined, out: ProgressOutput = process.stderr): Progress {
  return out.isTTY === true ? new Bar(total, out) : new Lines(total, out);
}

class Bar implements Progress {
  done = 0;
  readonly #bar: Promise<SingleBar>;
  #timer: NodeJS.Timeout | null = null;

  constructor(total: number | undefined, out: ProgressOutput) {
    this.#bar = this.#start(total, out);
    this.#bar.catch(() => {}); // told by `end`
  }

  /** Only who wants a bar pays for loading it. */
  async #start(total: number | undefined, out: ProgressOutput): Promise<SingleBar> {
    const { default: cli } = await import('cli-progress');
    const bar = new cli.SingleBar({
      stream: out as NodeJS.WriteStream,
      format: total === undefined ? 'progress {value} | {duration}s' : 'progress [{bar}] {percentage}% | ETA: {eta}s | {value}/{total}',
      fps: 1e-6, // it draws when we say so: its own timer would keep the process alive
      synchronousUpdate: false,
      linewrap: true,
      etaBuffer: 30,
    });
    bar.start(total ?? 0, 0);
    this.#draw(bar);
    this.#timer = setInterval(() => this.#draw(bar), BAR_INTERVAL).unref();
    return bar;
  }

  #draw(bar: SingleBar): void {
    const inner = bar as unknown as { render(): void; timer: NodeJS.Timeout | null };
    bar.update(this.done);
    inner.render();
    inner.timer?.unref();
  }

  async end(): Promise<void> {
    const bar = await this.#bar;
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#draw(bar);
    bar.stop();
  }
}

class Lines implements Progress {
  done = 0;
  readonly #total: number | undefined;
  readonly #out: ProgressOutput;
  #timer: NodeJS.Timeout | null;

  constructor(total: number | undefined, out: ProgressOutput) {
    this.#total = total;
    this.#out = out;
    this.#timer = setInterval(() => this.#line(), LINE_INTERVAL).unref();
  }

  #line(): void {
    const { done } = this;
    const of = this.#total === undefined ? '' : `/${this.#total} (${Math.floor((done / Math.max(1, this.#total)) * 100)}%)`;
    this.#out.write(`progress ${done}${of}\n`);
  }

  end(): Promise<void> {
    if (this.#timer !== null) this.#line();
    clearInterval(this.#timer ?? undefined);
    this.#timer = null;
    return Promise.resolve();
  }
}
