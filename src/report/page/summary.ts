/** The top of the page: the finding in words, and the figures behind it. */
import { causes } from '../causes.ts';
import { headline, placeText } from '../headline.ts';
import type { Run } from '../page-model.ts';
import { rank, totalOf } from '../rank.ts';
import { count, duration, percent } from '../units.ts';
import { byId, h } from './dom.ts';
import { colorOf } from './view.ts';
import type { View } from './view.ts';

export function summary(view: View): void {
  const { model, run } = view;
  const { text, worst } = headline(model, run);
  const title = byId('headline');
  const place = worst < 0 ? '' : placeText(model, worst);
  const at = place === '' ? -1 : text.lastIndexOf(place);
  if (at < 0) title.textContent = text;
  else title.replaceChildren(text.slice(0, at), h('span', { class: 'code' }, place), text.slice(at + place.length));
  byId('about').textContent = about(run);
  byId('figures').replaceChildren(...figures(run).map(([name, value, note]) => tile(name, value, note)));
  legend(run);
}

function about({ program, pid, start, threshold, ended, blocks, dropped }: Run): string {
  const parts = [
    ...(program === null ? [] : [program.command.join(' ')]),
    `process ${pid}`,
    ...(program === null ? [] : [`Node ${program.node.replace(/^v/, '')} on ${program.platform}`]),
    new Date(start).toLocaleString(),
    `${program?.mode ?? 'watch'} mode, blocks of ${duration(threshold)} or more`,
    ...(ended ? [] : ['the program had not ended when this was written, or was killed']),
    ...(dropped > 0 ? [`${count(dropped)} more blocks are not kept: only the latest ${count(blocks.length)} are`] : []),
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

type Figure = readonly [name: string, value: string, note: string];

function figures({ blocks, length, lag }: Run): Figure[] {
  const blocked = totalOf(blocks);
  const longest = blocks.reduce((most, { ms }) => Math.max(most, ms), 0);
  const watched = lag.reduce((sum, { from, to }) => sum + to - from, 0);
  const sum = (of: (l: Run['lag'][number]) => number): number => lag.reduce((all, one) => all + of(one), 0);
  const share = (ms: number): string => percent(ms / Math.max(1, watched));
  const time: Figure[] =
    lag.length === 0
      ? []
      : [
          ['Mean delay', duration(sum((l) => l.mean * (l.to - l.from)) / Math.max(1, watched)), 'of a timer'],
          ['Loop busy', share(sum((l) => l.busy)), `${duration(sum((l) => l.busy))} of ${duration(watched)}`],
          ['Garbage collection', duration(sum((l) => l.gc)), share(sum((l) => l.gc))],
          ...(lag.every(({ queue }) => queue === null)
            ? []
            : ([['Waiting for a CPU', duration(sum((l) => l.queue ?? 0)), share(sum((l) => l.queue ?? 0))]] as Figure[])),
        ];
  return [
    ['Blocked', duration(blocked), `${percent(blocked / Math.max(1, length, blocked))} of the time`],
    ['Longest block', blocks.length === 0 ? 'none' : duration(longest), ofBlocks(blocks.length)],
    ...time,
  ];
}

const ofBlocks = (n: number): string => (n === 0 ? 'the loop kept turning' : n === 1 ? 'the only one' : `of ${count(n)} blocks`);

const tile = (name: string, value: string, note: string): HTMLElement =>
  h('div', {}, h('dt', {}, name), h('dd', {}, h('b', {}, value), h('span', { class: 'muted' }, note)));

/** Only the causes that occur, with their share; each opens to what it means. */
function legend(run: Run): void {
  const byCause = new Map<string, { ms: number; n: number }>();
  for (const { cause, ms } of run.blocks) {
    const known = byCause.get(cause) ?? { ms: 0, n: 0 };
    byCause.set(cause, { ms: known.ms + ms, n: known.n + 1 });
  }
  const items = [...byCause].sort((a, b) => b[1].ms - a[1].ms);
  byId('legend').replaceChildren(
    ...items.map(([cause, { ms, n }]) => {
      const words = causes[cause as keyof typeof causes];
      const dot = h('i', { class: 'dot' });
      dot.style.background = colorOf(cause as keyof typeof causes);
      const head = h('summary', {}, dot, h('b', {}, words.label), h('span', { class: 'muted' }, `${count(n)} × · ${duration(ms)}`));
      return h('details', {}, head, h('p', {}, words.means), h('p', { class: 'muted' }, words.helps));
    }),
  );
}

/** Which tasks blocked, for the heading of their lanes. */
export const tasksOf = (run: Run): number => rank(run.blocks, 'task').length;
