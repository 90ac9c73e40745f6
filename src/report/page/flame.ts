/** A flame graph: who called whom, and how long it took; the outermost function on top. Click a frame to zoom. */
import flamegraph from 'd3-flame-graph';
import { select } from 'd3-selection';
import { flameTree, samplesOf, toCpuProfile } from '../flame-tree.ts';
import type { FlameNode } from '../flame-tree.ts';
import type { PageBlock, PageModel } from '../page-model.ts';
import { count, duration, percent } from '../units.ts';
import { download, h, style } from './dom.ts';

const CELL = 22;

/** `name` is that of the file to download. */
export function flamePanel(model: PageModel, blocks: readonly PageBlock[], name: string): { element: HTMLElement; draw(): void } {
  const root = flameTree(model, blocks);
  if (root.children.length === 0) {
    const note = h('p', { class: 'note' }, 'No stack was seen, so there is no flame graph.');
    return { element: h('div', { class: 'flame' }, note), draw: () => {} };
  }
  const chart = h('div', { class: 'flame-chart' });
  let graph: { resetZoom(): void } | null = null;
  const showAll = (): void => {
    graph?.resetZoom();
    settle(chart);
    reset.hidden = true;
  };
  const reset = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: showAll }, 'Show all');
  const save = h(
    'button',
    { type: 'button', class: 'quiet', onclick: () => download(`${name}.cpuprofile`, JSON.stringify(toCpuProfile(model, root))) },
    'Download .cpuprofile',
  );
  const figures = `${count(samplesOf(root))} samples over ${duration(root.value)}`;
  const list = h('details', { class: 'paths' }, h('summary', {}, 'The same in words'), heaviest(root));
  const element = h(
    'div',
    { class: 'flame' },
    h('p', { class: 'flame-bar' }, h('span', { class: 'muted' }, figures), reset, save),
    chart,
    list,
  );
  return { element, draw: () => void (graph = draw(chart, root, reset)) };
}

function draw(host: HTMLElement, root: FlameNode, reset: HTMLButtonElement): { resetZoom(): void } {
  host.replaceChildren();
  const graph = flamegraph<FlameNode>()
    .width(host.clientWidth)
    .cellHeight(CELL)
    .height((depth(root) + 1) * CELL)
    .minFrameSize(1)
    .transitionDuration(0)
    .inverted(true)
    .sort((a, b) => b.value - a.value)
    .setLabelHandler(({ data }) => `${data.name}: ${duration(data.value)}, ${percent(data.value / root.value)}`)
    .setColorMapper(({ data }) => color(data))
    .onClick(({ data }) => {
      reset.hidden = data.frame < 0;
      settle(host);
    });
  // The chart marks nodes as hidden and faded: it gets a tree of its own.
  select(host).datum(structuredClone(root)).call(graph);
  settle(host);
  reset.hidden = true;
  const svg = host.querySelector('svg');
  svg?.setAttribute('role', 'img');
  svg?.setAttribute('aria-label', `Flame graph of ${duration(root.value)}`);
  return graph;
}

const depth = (node: FlameNode): number => node.children.reduce((most, child) => Math.max(most, 1 + depth(child)), 0);

/** The chart moves its frames into place for a quarter of a second; a picture that is read needs no such thing. */
function settle(host: HTMLElement): void {
  for (const frame of host.querySelectorAll('g.frame')) {
    frame.querySelector('rect')?.setAttribute('width', frame.getAttribute('width') ?? '0');
    const label = frame.querySelector('.d3-flame-graph-label');
    if (label !== null) label.textContent = frame.getAttribute('name');
  }
}

/** One calm scale: the more of its time a function spent itself, the warmer. Built-ins are grey. */
function color({ frame, self, value, name }: FlameNode): string {
  if (frame < 0) return style('--flame-root');
  if (!name.includes('  ')) return style('--flame-native');
  const share = value === 0 ? 0 : self / value;
  return share > 0.66 ? style('--flame-3') : share > 0.2 ? style('--flame-2') : style('--flame-1');
}

const MOST_PATHS = 6;

/** The heaviest ways down the tree, for those who do not see the picture. */
function heaviest(root: FlameNode): HTMLElement {
  const paths: { path: string[]; ms: number }[] = [];
  const visit = (node: FlameNode, path: string[]): void => {
    if (node.self > 0) paths.push({ path, ms: node.self });
    for (const child of node.children) visit(child, [...path, child.name.trim()]);
  };
  visit(root, []);
  const top = paths.sort((a, b) => b.ms - a.ms).slice(0, MOST_PATHS);
  const items = top.map(({ path, ms }) => h('li', {}, h('b', {}, `${duration(ms)} · ${percent(ms / root.value)}`), ` ${path.join(' → ')}`));
  return h('ol', { class: 'code' }, ...items);
}
