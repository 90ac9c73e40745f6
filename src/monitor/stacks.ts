/** The samples of a block as stacks: equal ones together, each for the time since the answer before it. */
import { nativeAbove, userFrames } from './frames.ts';
import type { RawFrame, Sample } from './sample.ts';

export interface RawStack {
  ms: number;
  count: number;
  /** Innermost first. What the program had called is on top, without a file. */
  readonly frames: readonly RawFrame[];
}

/** A line of the log is not to grow with the length of a block. */
const MOST = 24;
const DEEPEST = 40;

export function stacksOf(samples: readonly Sample[], start: number): RawStack[] {
  const stacks = new Map<string, RawStack>();
  let last = start;
  for (const sample of samples) {
    const ms = Math.max(0, sample.at - last);
    last = Math.max(last, sample.at);
    const frames = framesOf(sample);
    if (frames.length === 0) continue;
    const key = frames.map(({ fn, file, line, source }) => `${fn}\n${file}\n${source?.line ?? line}`).join('\n\n');
    const known = stacks.get(key);
    if (known === undefined) stacks.set(key, { ms, count: 1, frames });
    else {
      known.ms += ms;
      known.count++;
    }
  }
  return [...stacks.values()].sort((a, b) => b.ms - a.ms).slice(0, MOST);
}

function framesOf({ frames, native, entering }: Sample): RawFrame[] {
  const user = userFrames(frames).slice(0, DEEPEST);
  const called = native !== undefined && entering !== true ? native : nativeAbove(frames);
  return called === undefined || user.length === 0 ? user : [{ fn: called, file: '', line: 0, column: 0 }, ...user];
}
