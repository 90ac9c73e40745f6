/** What all panels look at: the model, the run that shows, and the block that is chosen. */
import type { BlockCause } from '../../base/slow-report.ts';
import { placeText } from '../headline.ts';
import type { PageBlock, PageModel, Run } from '../page-model.ts';
import { duration } from '../units.ts';
import { style } from './dom.ts';

export interface View {
  readonly model: PageModel;
  readonly run: Run;
  /** Chooses a block; null: none. */
  choose(block: number | null): void;
  readonly chosen: number | null;
}

export const colorOf = (cause: BlockCause): string => style(`--${cause}`);

export function whereText({ model }: Pick<View, 'model'>, block: PageBlock): string {
  if (block.place >= 0) return placeText(model, block.place);
  if (block.cause === 'suspended') return 'the whole process';
  if (block.cause === 'startup') return 'loading modules';
  return 'line not known';
}

export function taskText({ model }: Pick<View, 'model'>, block: PageBlock): string {
  return block.task < 0 ? 'no task' : `task ${model.tasks[block.task]}`;
}

/** `+12.3 s`, and the time of day. */
export function whenText({ run }: Pick<View, 'run'>, block: PageBlock): string {
  return `${duration(block.start)} after the start, at ${new Date(run.start + block.start).toLocaleTimeString()}`;
}

export function sourceLine({ model }: Pick<View, 'model'>, block: PageBlock): string | null {
  if (block.place < 0) return null;
  const [, file, line] = model.frames[model.places[block.place]!.frame]!;
  for (const { first, lines } of model.sources[file]?.parts ?? []) {
    const text = lines[line - first];
    if (text !== undefined) return text.trim();
  }
  return null;
}
