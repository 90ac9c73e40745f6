/** One run over all files of the tree: reading happens in the loop, measuring wherever the given function does it. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type LagSnapshot, LoopMonitor, map, now } from 'offloop';
import type { Measured } from './measure.ts';
import { reasonOf } from './problems.ts';
import { readWhole } from './read.ts';
import type { Progress, Tree } from './walk.ts';

/** Files under way at once. Enough that no worker waits for a disk; few, because each is in memory, and their results come in bursts. */
const LIMIT = 2 * availableParallelism() + 2;

/** What became of one file. */
export type Outcome =
  | { readonly ok: true; readonly bytes: number; readonly version: string; readonly measured: Measured }
  | { readonly ok: false; readonly text: string };

export type Delay = LagSnapshot['delay'];

type Measure = (bytes: Buffer) => PromiseLike<Measured> | Measured;

export class Pass {
  readonly name: string;
  /** In the order of the tree's files; with gaps as long as it runs. */
  readonly outcomes: Outcome[] = [];
  begun = false;
  finished = false;
  done = 0;
  /** Milliseconds. */
  elapsed = 0;
  delay: Delay = { p50: 0, p90: 0, p99: 0, max: 0, mean: 0, count: 0 };
  readonly #measure: Measure;

  constructor(name: string, measure: Measure) {
    this.name = name;
    this.#measure = measure;
  }

  /** Also sets the figures when it is cancelled. */
  async over(tree: Tree, progress: Progress): Promise<void> {
    this.begun = true;
    using monitor = new LoopMonitor({ log: false }).start();
    try {
      await this.#surveyAll(tree, progress);
      this.finished = true;
    } finally {
      this.delay = monitor.snapshot().delay;
    }
  }

  async #surveyAll({ root, files }: Tree, progress: Progress): Promise<void> {
    const started = now();
    const survey = async (path: string, i: number): Promise<void> => {
      this.outcomes[i] = await this.#survey(join(root, path));
      progress(++this.done, files.length);
    };
    try {
      await map(files, survey, { limit: LIMIT });
    } finally {
      this.elapsed = now() - started;
    }
  }

  async #survey(path: string): Promise<Outcome> {
    try {
      const { bytes, version } = await readWhole(path);
      const size = bytes.length; // asked for now: a buffer that has moved to a worker is empty here
      return { ok: true, bytes: size, version, measured: await this.#measure(bytes) };
    } catch (error) {
      return { ok: false, text: reasonOf(error) };
    }
  }
}
