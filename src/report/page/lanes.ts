/** Under the timeline, on its axis: garbage collection, waiting for a CPU, and the tasks that blocked, each in a lane. */
import type { PageLag } from '../page-model.ts';
import { rank } from '../rank.ts';
import { count, duration, percent } from '../units.ts';
import { h, paint, style } from './dom.ts';
import { hideTip, showTip } from './tip.ts';
import { longestBetween } from './timeline.ts';
import type { Window } from './timeline.ts';
import { colorOf } from './view.ts';
import type { View } from './view.ts';

const BAND = 10;
const LANE = 14;
const MOST_TASKS = 8;

export interface Lanes {
  draw(window: Window): void;
}

export function lanes(bands: HTMLElement, tasks: HTMLElement, view: View): Lanes {
  const draws = [...bandsOf(bands, view), ...tasksOf(tasks, view)];
  return { draw: (window) => draws.forEach((draw) => draw(window)) };
}

type Draw = (window: Window) => void;

function bandsOf(host: HTMLElement, { run }: View): Draw[] {
  const all = run.lag.reduce((sum, { from, to }) => sum + to - from, 0);
  const total = (of: (lag: PageLag) => number): number => run.lag.reduce((sum, lag) => sum + of(lag), 0);
  const known = run.lag.some(({ queue }) => queue !== null);
  const shown = [
    { name: 'Garbage collection', color: '--gc', of: ({ gc }: PageLag) => gc, none: null },
    {
      name: 'Waiting for a CPU',
      color: '--cpu-starved',
      of: ({ queue }: PageLag) => queue ?? 0,
      none: known ? null : 'this system does not tell',
    },
    { name: 'Loop busy', color: '--busy', of: ({ busy }: PageLag) => busy, none: null },
  ];
  host.replaceChildren();
  if (run.lag.length === 0) {
    host.append(h('p', { class: 'note' }, 'The log has no figures over time: it holds blocks only.'));
    return [];
  }
  return shown.map(({ name, color, of, none }) => {
    const canvas = h('canvas', { role: 'img', 'aria-label': `${name} over time` });
    const figure = none ?? `${duration(total(of))}, ${percent(total(of) / Math.max(1, all))}`;
    host.append(
      h('div', { class: 'lane' }, h('p', { class: 'lane-head' }, h('span', {}, name), h('span', { class: 'muted' }, figure)), canvas),
    );
    return (window) =>
      inWindow(canvas, window, BAND, (context, x) => {
        context.fillStyle = style(color);
        // Half a second is never to be paler than a third: what is seldom would vanish.
        for (const lag of run.lag) {
          const share = of(lag) / Math.max(1, lag.to - lag.from);
          if (share < 0.002) continue;
          context.globalAlpha = Math.min(1, 0.15 + share * 0.85);
          const left = x(lag.from);
          context.fillRect(left, 0, Math.max(1, x(lag.to) - left), BAND);
        }
      });
  });
}

function tasksOf(host: HTMLElement, view: View): Draw[] {
  const { run, model } = view;
  const ranked = rank(run.blocks, 'task');
  host.replaceChildren();
  const most = ranked.slice(0, MOST_TASKS);
  if (ranked.length > most.length) {
    const rest = ranked.length - most.length;
    host.append(h('p', { class: 'note' }, `The ${MOST_TASKS} tasks that blocked most; ${count(rest)} more blocked less.`));
  }
  return most.map(({ key, blocks, total }) => {
    const name = key < 0 ? 'outside of any task' : model.tasks[key]!;
    const canvas = h('canvas', { role: 'img', 'aria-label': `Blocks of ${name}` });
    const times = `${count(blocks.length)} × · ${duration(total)}`;
    const head = h(
      'p',
      { class: 'lane-head' },
      h('span', { class: key < 0 ? 'muted' : 'code' }, name),
      h('span', { class: 'muted' }, times),
    );
    host.append(h('div', { class: 'lane' }, head, canvas));
    const own = blocks.map((i) => run.blocks[i]!);
    let shown: Window | null = null;
    const at = ({ offsetX }: MouseEvent): number | null => {
      if (shown === null) return null;
      const step = ((shown.to - shown.from) * 1000) / shown.width;
      const ms = shown.from * 1000 + offsetX * step;
      const found = longestBetween(own, ms - 4 * step, ms + 4 * step);
      return found === null ? null : blocks[found]!;
    };
    canvas.addEventListener('pointermove', (event) => {
      const found = at(event);
      canvas.style.cursor = found === null ? '' : 'pointer';
      if (found === null) hideTip();
      else showTip(view, found, event);
    });
    canvas.addEventListener('pointerleave', hideTip);
    canvas.addEventListener('click', (event) => {
      const found = at(event);
      if (found !== null) view.choose(found);
    });
    return (window) => {
      shown = window;
      inWindow(canvas, window, LANE, (context, x) => {
        for (const { start, ms, cause } of own) {
          const left = x(start);
          if (left > window.width || x(start + ms) < 0) continue;
          context.fillStyle = colorOf(cause);
          context.fillRect(left, 0, Math.max(2, x(start + ms) - left), LANE);
        }
      });
    };
  });
}

type Painter = (context: CanvasRenderingContext2D, x: (ms: number) => number) => void;

function inWindow(canvas: HTMLCanvasElement, { from, to, left, width }: Window, height: number, painter: Painter): void {
  canvas.parentElement!.style.marginLeft = `${left}px`;
  canvas.parentElement!.style.width = `${width}px`;
  paint(canvas, width, height, (context) => {
    context.fillStyle = style('--lane');
    context.fillRect(0, 0, width, height);
    painter(context, (ms) => ((ms / 1000 - from) / (to - from)) * width);
    context.globalAlpha = 1;
  });
}
