/** What a run comes to, in words. */
import type { PageModel, Run } from './page-model.ts';
import { rank, totalOf } from './rank.ts';
import { count, duration, percent, times } from './units.ts';

/** `src/invoice.ts:88 renderLines`; with what it called: `… in JSON.parse`. */
export function placeText({ places, frames, files }: Pick<PageModel, 'places' | 'frames' | 'files'>, place: number): string {
  const { frame, native } = places[place]!;
  const [fn, file, line] = frames[frame]!;
  const at = file < 0 ? fn : `${files[file]}:${line} ${fn}`;
  return native === null ? at : `${at} in ${native}`;
}

/** Two sentences at most: how much, and the one line that matters most. */
export function headline(model: PageModel, run: Run | undefined): { readonly text: string; readonly worst: number } {
  if (run === undefined) return { text: 'There is nothing in this log.', worst: -1 };
  const { blocks, length, threshold } = run;
  if (blocks.length === 0) return { text: `No block of ${duration(threshold)} or more in ${duration(length)}.`, worst: -1 };
  const total = totalOf(blocks);
  const first = `Your loop was blocked ${times(blocks.length)}, for ${duration(total)} of ${duration(Math.max(length, total))}.`;
  const top = rank(blocks, 'place').find(({ key }) => key >= 0);
  if (top === undefined) return { text: first, worst: -1 };
  const share = top.total / total;
  const what = blocks.length === 1 ? 'It was' : share > 0.999 ? 'All of it is' : `${percent(share)} of it is`;
  return { text: `${first} ${what} ${placeText(model, top.key)}.`, worst: top.key };
}

/** The run that suffered most. */
export function worstRun(runs: readonly Run[]): number {
  let worst = 0;
  runs.forEach((run, i) => {
    const [a, b] = [totalOf(run.blocks), totalOf(runs[worst]!.blocks)];
    if (a > b || (a === b && run.length > runs[worst]!.length)) worst = i;
  });
  return worst;
}

/** `Process 4242 · 12 blocks, 3.4 s`. */
export function runName({ pid, thread, blocks }: Run): string {
  const where = thread === 0 ? `Process ${pid}` : `Process ${pid}, thread ${thread}`;
  return `${where} · ${blocks.length === 0 ? 'no blocks' : `${count(blocks.length)} block${blocks.length === 1 ? '' : 's'}, ${duration(totalOf(blocks))}`}`;
}
