/** The lines that blocked, the worst first; the one that is chosen with its source and its flame graph. */
import { causes } from '../causes.ts';
import { hintFor } from '../hint.ts';
import { placeText } from '../headline.ts';
import { rank, totalOf } from '../rank.ts';
import type { Ranked } from '../rank.ts';
import { count, duration, percent } from '../units.ts';
import { h } from './dom.ts';
import { flamePanel } from './flame.ts';
import { sourcePanel } from './source.ts';
import { colorOf } from './view.ts';
import type { View } from './view.ts';

const AT_FIRST = 12;

export interface Lines {
  redraw(): void;
}

export function lines(list: HTMLElement, detail: HTMLElement, view: View): Lines {
  const ranked = rank(view.run.blocks, 'place');
  const total = totalOf(view.run.blocks);
  const buttons: HTMLElement[] = [];
  let flame: { draw(): void } | null = null;
  const show = (index: number): void => {
    buttons.forEach((button, i) => button.setAttribute('aria-pressed', String(i === index)));
    flame = fill(detail, view, ranked[index]!);
  };
  const add = (from: number, to: number): void => {
    ranked.slice(from, to).forEach((one, i) => {
      const button = row(view, one, total);
      button.addEventListener('click', () => show(from + i));
      buttons.push(button);
      list.append(h('li', {}, button));
    });
  };
  list.replaceChildren();
  add(0, AT_FIRST);
  if (ranked.length > AT_FIRST) {
    const more = h('button', { type: 'button', class: 'quiet' }, `Show ${count(ranked.length - AT_FIRST)} more`);
    const item = h('li', {}, more);
    more.addEventListener('click', () => {
      item.remove();
      add(AT_FIRST, ranked.length);
    });
    list.append(item);
  }
  if (ranked.length > 0) show(0);
  return { redraw: () => flame?.draw() };
}

function nameOf({ model }: View, { key, causes: parts }: Ranked): string {
  return key < 0 ? `No line · ${parts.map(([cause]) => causes[cause].label).join(', ')}` : placeText(model, key);
}

function row(view: View, ranked: Ranked, all: number): HTMLButtonElement {
  const { key, blocks, total, max, causes: parts } = ranked;
  const bar = h('span', { class: 'bar', 'aria-hidden': 'true' });
  for (const [cause, ms] of parts) {
    const piece = h('i');
    piece.style.width = `${(100 * ms) / all}%`;
    piece.style.background = colorOf(cause);
    bar.append(piece);
  }
  const tasks = [...new Set(blocks.map((i) => view.run.blocks[i]!.task))]
    .filter((task) => task >= 0)
    .map((task) => view.model.tasks[task]!);
  const named = tasks.slice(0, 3).join(', ') + (tasks.length > 3 ? ` and ${count(tasks.length - 3)} more` : '');
  const figures = [
    `${count(blocks.length)} block${blocks.length === 1 ? '' : 's'}`,
    `longest ${duration(max)}`,
    ...(named === '' ? [] : [`in ${named}`]),
  ];
  return h(
    'button',
    { type: 'button', class: 'line', 'aria-pressed': 'false' },
    h(
      'span',
      { class: 'line-head' },
      h('span', { class: key < 0 ? 'place' : 'code place' }, nameOf(view, ranked)),
      h('b', {}, duration(total)),
    ),
    bar,
    h('span', { class: 'line-foot muted' }, h('span', {}, figures.join(' · ')), h('span', {}, percent(total / all))),
  );
}

function fill(host: HTMLElement, view: View, { key, blocks, causes: parts }: Ranked): { draw(): void } {
  const own = blocks.map((i) => view.run.blocks[i]!);
  const [cause] = parts[0]!;
  const frame = key < 0 ? undefined : view.model.frames[view.model.places[key]!.frame]!;
  const native = key < 0 ? null : view.model.places[key]!.native;
  const where = frame && { fn: frame[0], file: '', line: frame[2], column: frame[3], ...(native !== null && { native }) };
  const callbacks = Math.max(...own.map((block) => block.callbacks));
  const hint = hintFor({ cause, thread: view.run.thread, cpu: { run: 0, runQueue: null, gc: 0, callbacks }, ...(where && { where }) });
  const flame = flamePanel(view.model, own, `offloop-${where?.fn ?? 'blocks'}`);
  const longest = blocks.reduce((a, b) => (view.run.blocks[b]!.ms > view.run.blocks[a]!.ms ? b : a));
  host.replaceChildren(
    h('p', { class: 'means' }, causes[cause].means, ' ', h('span', { class: 'muted' }, causes[cause].helps)),
    ...(hint === null ? [] : [h('p', { class: 'hint' }, h('b', {}, 'Hint'), h('span', {}, hint))]),
    ...(key < 0 ? [] : [sourcePanel(view.model, key, own)]),
    h('h3', {}, 'Stacks of these blocks'),
    flame.element,
    h('p', { class: 'open' }, h('button', { type: 'button', onclick: () => view.choose(longest) }, 'Open the longest of these blocks')),
  );
  flame.draw();
  return flame;
}
