/** The executors: what they had to do, how long jobs waited and ran, and how long the line was. */
import type { ExecutorFigures, Times } from '../model.ts';
import type { PageExecutors } from '../page-model.ts';
import { count, duration, percent } from '../units.ts';
import { h, paint, style } from './dom.ts';
import type { View } from './view.ts';

const COLUMNS = ['p50', 'p90', 'p99', 'max'] as const;
const MOST_FUNCTIONS = 5;

export function executors(host: HTMLElement, { run }: View): { redraw(): void } {
  const names = [...new Set(run.executors.flatMap(({ executors }) => Object.keys(executors)))];
  const draws: (() => void)[] = [];
  host.replaceChildren(
    ...names.map((name) => {
      const history = run.executors.filter(({ executors }) => executors[name] !== undefined);
      const canvas = h('canvas', { role: 'img', 'aria-label': `Jobs waiting in ${name} over time` });
      draws.push(() => queueOverTime(canvas, history, name, run.length));
      return card(name, history.at(-1)!.executors[name]!, canvas, Math.max(...history.map(({ executors }) => executors[name]!.queued)));
    }),
  );
  if (names.length === 0) host.append(h('p', { class: 'note' }, 'No executor was used: everything ran on the loop.'));
  draws.forEach((draw) => draw());
  return { redraw: () => draws.forEach((draw) => draw()) };
}

function card(name: string, s: ExecutorFigures, canvas: HTMLCanvasElement, longest: number): HTMLElement {
  const functions = Object.entries(s.functions ?? {})
    .sort((a, b) => b[1].runTime.mean * b[1].runTime.count - a[1].runTime.mean * a[1].runTime.count)
    .slice(0, MOST_FUNCTIONS)
    .map(([fn, { runTime }]) => row(fn, runTime, count(runTime.count)));
  const head = h('tr', {}, ...['', ...COLUMNS, 'jobs'].map((title) => h('th', { scope: 'col' }, title)));
  const table = h('table', { class: 'figures' }, h('caption', {}, `Times of the jobs of ${name}`), h('thead', {}, head));
  const own = [row('waited', s.waitTime, count(s.waitTime.count)), row('ran', s.runTime, count(s.runTime.count))];
  table.append(h('tbody', {}, ...own, ...(functions.length > 1 ? functions : [])));
  const failed = s.failed > 0 ? [`${count(s.failed)} failed`] : [];
  const counts = [
    `${count(s.completed)} done`,
    ...failed,
    `${count(s.workers)} ${s.kind} workers`,
    `${percent(s.utilization)} of their time in use`,
  ];
  return h(
    'article',
    { class: 'card' },
    h('h3', {}, name),
    h('p', { class: 'muted' }, counts.join(' · ')),
    h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `Times of ${name}` }, table),
    h('p', { class: 'lane-head' }, h('span', {}, 'Jobs waiting'), h('span', { class: 'muted' }, `at most ${count(longest)}`)),
    canvas,
  );
}

function row(name: string, times: Times, jobs: string): HTMLElement {
  const cells = COLUMNS.map((column) => h('td', {}, times.count === 0 ? '–' : duration(times[column])));
  return h('tr', {}, h('th', { scope: 'row', class: 'code' }, name), ...cells, h('td', {}, jobs));
}

const HEIGHT = 36;

function queueOverTime(canvas: HTMLCanvasElement, history: readonly PageExecutors[], name: string, length: number): void {
  const width = canvas.parentElement?.clientWidth ?? 0;
  const inner = width - 40;
  const most = Math.max(1, ...history.map(({ executors }) => executors[name]!.queued));
  paint(canvas, Math.max(10, inner), HEIGHT, (context) => {
    context.fillStyle = style('--lane');
    context.fillRect(0, 0, inner, HEIGHT);
    context.fillStyle = style('--lag-fill');
    context.strokeStyle = style('--lag');
    context.beginPath();
    context.moveTo(0, HEIGHT);
    let last = HEIGHT;
    for (const { at, executors } of history) {
      const x = (Math.max(0, at) / Math.max(1, length)) * inner;
      context.lineTo(x, last);
      last = HEIGHT - 2 - (executors[name]!.queued / most) * (HEIGHT - 6);
      context.lineTo(x, last);
    }
    context.lineTo(inner, last);
    context.stroke();
    context.lineTo(inner, HEIGHT);
    context.closePath();
    context.fill();
  });
}
