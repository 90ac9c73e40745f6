/** Shows how far the work is: a bar on a terminal, elsewhere a plain line now and then. */
import { type Params, SingleBar } from 'cli-progress';
import { now } from 'offloop';
import { count, duration, percent } from './format.ts';
import { columns, live } from './terminal.ts';

/** Milliseconds between two plain lines. */
const PLAIN_EVERY = 2000;

export class Meter implements Disposable {
  readonly #name: string;
  readonly #noun: string;
  readonly #started = now();
  #bar: SingleBar | null = null;
  #done = 0;
  #grows = false; // the total is not known yet, so neither is the time that is left
  #of: number;
  #nextLine = this.#started + PLAIN_EVERY;

  /** How far `name` has got: so many of `of` things that are called `noun`. */
  constructor(name: string, noun: string, of: number) {
    this.#name = name;
    this.#noun = noun;
    this.#of = of;
    if (!live) return;
    // `linewrap: true` keeps the bar from switching the terminal's own wrapping off: a killed program could not switch it on again.
    this.#bar = new SingleBar({ stream: process.stdout, linewrap: true, format: (_, params) => this.#draw(params) });
    this.#bar.start(of, 0);
  }

  /** Bound to the meter, so that it can be handed on. */
  readonly update = (done: number, of: number): void => {
    this.#grows ||= of !== this.#of;
    this.#done = done;
    this.#of = of;
    this.#bar?.setTotal(of);
    this.#bar?.update(done);
    if (this.#bar !== null || now() < this.#nextLine) return;
    this.#nextLine = now() + PLAIN_EVERY;
    console.log(this.#plain);
  };

  [Symbol.dispose](): void {
    if (this.#bar === null) console.log(`${this.#plain}, ${this.#elapsed}`);
    else this.#bar.stop();
  }

  get #plain(): string {
    return `${this.#name}: ${count(this.#done)} of ${count(this.#of)} ${this.#noun}`;
  }

  #draw({ value, total, progress }: Params): string {
    const left = `${this.#name.padEnd(12)} `;
    const right = ` ${percent(value, total).padStart(5)}  ${count(value)} of ${count(total)} ${this.#noun}  ${this.#time(progress)}`;
    const width = Math.min(30, columns() - left.length - right.length - 1);
    if (width < 4) return left + right;
    const full = Math.round(progress * width);
    return `${left}${'█'.repeat(full)}${'░'.repeat(width - full)}${right}`;
  }

  #time(progress: number): string {
    if (this.#grows || progress === 0 || progress === 1) return this.#elapsed;
    return `${duration(((now() - this.#started) * (1 - progress)) / progress)} left`;
  }

  get #elapsed(): string {
    return duration(now() - this.#started);
  }
}
