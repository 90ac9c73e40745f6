/** One block in full, in a drawer beside the page. */
import { causes, confidences } from '../causes.ts';
import { hintFor } from '../hint.ts';
import type { PageBlock } from '../page-model.ts';
import { count, duration } from '../units.ts';
import { byId, h } from './dom.ts';
import { flamePanel } from './flame.ts';
import { sourcePanel } from './source.ts';
import { colorOf, whenText, whereText } from './view.ts';
import type { View } from './view.ts';

export interface Detail {
  show(view: View, index: number): void;
  hide(): void;
  redraw(): void;
}

export function detail(): Detail {
  const drawer = byId('detail');
  const body = byId('detail-body');
  let flame: { draw(): void } | null = null;
  return {
    show: (view, index) => {
      const block = view.run.blocks[index]!;
      byId('detail-count').textContent = `Block ${count(index + 1)} of ${count(view.run.blocks.length)}`;
      drawer.hidden = false;
      document.body.classList.add('with-detail');
      flame = fill(body, view, block, index);
      body.scrollTop = 0;
    },
    hide: () => {
      drawer.hidden = true;
      document.body.classList.remove('with-detail');
      flame = null;
    },
    redraw: () => flame?.draw(),
  };
}

function fill(body: HTMLElement, view: View, block: PageBlock, index: number): { draw(): void } {
  const { cause, ms, place, task, taskId, callbacks, open } = block;
  const words = causes[cause];
  const frame = place < 0 ? undefined : view.model.frames[view.model.places[place]!.frame]!;
  const native = place < 0 ? null : view.model.places[place]!.native;
  const where = frame && { fn: frame[0], file: '', line: frame[2], column: frame[3], ...(native !== null && { native }) };
  const hint = hintFor({
    cause,
    thread: view.run.thread,
    cpu: { run: block.run, runQueue: block.queue, gc: block.gc, callbacks },
    ...(where && { where }),
  });
  const flame = flamePanel(view.model, [block], `offloop-block-${index + 1}`);
  const chip = h('span', { class: 'chip' }, dot(colorOf(cause)), words.label);
  body.replaceChildren(
    h(
      'h2',
      { id: 'detail-title' },
      `${duration(ms)} `,
      h('span', { class: 'muted' }, open ? 'and not over when the log ended' : 'without a turn of the loop'),
    ),
    h('p', { class: 'code place' }, whereText(view, block)),
    h('p', { class: 'muted' }, `${capital(whenText(view, block))}${task < 0 ? ', outside of any task' : ''}`),
    ...(task < 0 ? [] : [h('p', {}, 'Task ', h('b', {}, view.model.tasks[task]!), h('span', { class: 'muted' }, ` #${taskId}`))]),
    h('p', { class: 'means' }, chip, ' ', words.means),
    ...(hint === null ? [] : [h('p', { class: 'hint' }, h('b', {}, 'Hint'), h('span', {}, hint))]),
    times(block),
    ...(place < 0 ? [] : [h('h3', {}, 'Source'), sourcePanel(view.model, place, [block])]),
    h(
      'p',
      { class: 'note' },
      `${capital(block.confidence)}: ${confidences[block.confidence] ?? ''} ${count(block.samples)} samples were taken.`,
    ),
    ...stackOf(view, block),
    h('h3', {}, 'Flame graph of this block'),
    flame.element,
  );
  flame.draw();
  return flame;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function dot(color: string): HTMLElement {
  const element = h('i', { class: 'dot' });
  element.style.background = color;
  return element;
}

/** Where the time of the block went, as far as the system tells. */
function times({ ms, run, queue, gc, callbacks }: PageBlock): HTMLElement {
  const off = Math.max(0, ms - run - (queue ?? 0));
  const parts: readonly (readonly [string, number, string])[] = [
    ['running', Math.max(0, run - gc), '--run'],
    ['garbage collection', gc, '--gc'],
    ['waiting for a CPU', queue ?? 0, '--cpu-starved'],
    [queue === null ? 'asleep, or waiting for a CPU' : 'asleep', off, '--asleep'],
  ];
  const bar = h('div', { class: 'times', 'aria-hidden': 'true' });
  const list = h('ul', { class: 'key' });
  for (const [name, part, color] of parts) {
    if (part < 0.5) continue;
    const piece = h('i');
    piece.style.width = `${(100 * part) / Math.max(1, ms)}%`;
    piece.style.background = `var(${color})`;
    bar.append(piece);
    list.append(h('li', {}, dot(`var(${color})`), `${name} ${duration(part)}`));
  }
  list.append(h('li', { class: 'muted' }, `${count(callbacks)} callback${callbacks === 1 ? '' : 's'} seen`));
  return h('div', {}, bar, list);
}

function stackOf({ model }: View, { stack }: PageBlock): HTMLElement[] {
  const frames = model.stacks[stack] ?? [];
  if (frames.length === 0) return [];
  const items = frames.map((id) => {
    const [fn, file, line, column, isAsync] = model.frames[id]!;
    const at = file < 0 ? 'built in' : `${model.files[file]}:${line}:${column}`;
    return h('li', {}, isAsync === 1 ? h('span', { class: 'muted' }, 'async ') : null, `${fn} `, h('span', { class: 'muted' }, at));
  });
  return [h('h3', {}, 'Stack, innermost first'), h('ol', { class: 'code stack', start: 0 }, ...items)];
}
