/** The page comes alive: panels, the keyboard, the theme. */
import { runName, worstRun } from '../headline.ts';
import type { Packed } from '../pack.ts';
import { unpack } from '../pack.ts';
import { byId, h } from './dom.ts';
import { detail } from './detail.ts';
import { executors } from './executors.ts';
import { flamePanel } from './flame.ts';
import { lanes } from './lanes.ts';
import type { Lanes } from './lanes.ts';
import { lines } from './lines.ts';
import { summary } from './summary.ts';
import { theme } from './theme.ts';
import { hideTip } from './tip.ts';
import { timeline } from './timeline.ts';
import type { Timeline, Window } from './timeline.ts';
import type { View } from './view.ts';
import 'uplot/dist/uPlot.min.css';
import './style.css';

const model = unpack(JSON.parse(byId('data').textContent) as Packed);
const drawer = detail();

class Page implements View {
  readonly model = model;
  run = model.runs[0]!;
  chosen: number | null = null;
  #timeline: Timeline | null = null;
  #lanes: Lanes | null = null;
  #window: Window | null = null;
  #redraws: (() => void)[] = [];
  /** Had the focus before the drawer opened. */
  #before: Element | null = null;

  show(index: number): void {
    this.run = model.runs[index]!;
    this.close();
    summary(this);
    const empty = this.run.blocks.length === 0;
    for (const id of ['lines-panel', 'flame-panel', 'tasks']) byId(id).hidden = empty;
    this.#timeline?.destroy();
    this.#lanes = lanes(byId('bands'), byId('task-lanes'), this);
    this.#timeline = timeline(byId('timeline'), this, (window) => this.#moved(window));
    const ranked = lines(byId('lines'), byId('line-detail'), this);
    const merged = flamePanel(model, this.run.blocks, 'offloop-all-blocks');
    byId('flame').replaceChildren(merged.element);
    merged.draw();
    const pools = executors(byId('executors'), this);
    this.#redraws = [() => ranked.redraw(), () => merged.draw(), () => pools.redraw(), () => drawer.redraw()];
  }

  #moved(window: Window): void {
    this.#window = window;
    this.#lanes?.draw(window);
  }

  choose(index: number | null): void {
    if (index === null) return this.close();
    if (this.chosen === null) this.#before = document.activeElement;
    const opened = this.chosen === null;
    this.chosen = index;
    hideTip();
    drawer.show(this, index);
    if (opened) byId('detail').focus({ preventScroll: true });
    this.redraw();
  }

  close(): void {
    if (this.chosen === null) return;
    this.chosen = null;
    drawer.hide();
    if (this.#before instanceof HTMLElement) this.#before.focus({ preventScroll: true });
    this.redraw();
  }

  step(by: number): void {
    const last = this.run.blocks.length - 1;
    if (last < 0) return;
    const from = this.chosen ?? (by > 0 ? -1 : last + 1);
    this.choose(Math.max(0, Math.min(last, from + by)));
  }

  /** Sizes or colours have changed. */
  redraw(): void {
    this.#timeline?.resize();
    this.#timeline?.redraw();
    if (this.#window !== null) this.#lanes?.draw(this.#window);
    for (const redraw of this.#redraws) redraw();
  }
}

function keyboard(page: Page, help: HTMLDialogElement): void {
  const keys: Readonly<Record<string, () => void>> = {
    ArrowRight: () => page.step(1),
    ArrowLeft: () => page.step(-1),
    Home: () => page.step(-Infinity),
    End: () => page.step(Infinity),
    Escape: () => page.close(),
    '?': () => help.showModal(),
    t: () => byId('theme').click(),
  };
  document.addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (target instanceof HTMLSelectElement || (target instanceof HTMLElement && target.closest('.scroll') && key.startsWith('Arrow')))
      return;
    const act = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (act === undefined || (page.chosen === null && (key === 'Home' || key === 'End'))) return;
    event.preventDefault();
    act();
  });
}

function start(): void {
  const page = new Page();
  const help = byId('help') as HTMLDialogElement;
  byId('help-button').addEventListener('click', () => help.showModal());
  byId('previous').addEventListener('click', () => page.step(-1));
  byId('next').addEventListener('click', () => page.step(1));
  byId('close').addEventListener('click', () => page.close());
  theme(byId('theme'), () => page.redraw());
  keyboard(page, help);
  const worst = worstRun(model.runs);
  if (model.runs.length > 1) {
    const select = h(
      'select',
      { id: 'run', 'aria-label': 'Process' },
      ...model.runs.map((run, i) => h('option', { value: i }, runName(run))),
    );
    select.value = String(worst);
    select.addEventListener('change', () => page.show(Number(select.value)));
    byId('runs').append(h('label', {}, `${model.runs.length} runs are in this log `, select));
  }
  page.show(worst);
  let asked = 0;
  let width = window.innerWidth;
  window.addEventListener('resize', () => {
    if (window.innerWidth === width) return; // only the height: a phone's address bar
    width = window.innerWidth;
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(() => page.redraw());
  });
}

if (model.runs.length > 0) start();
else theme(byId('theme'), () => {});
document.documentElement.dataset['ready'] = 'yes';
