/** How late the loop was, over time, and each block in the colour of its cause. Drag to zoom, double-click to see all. */
import uPlot from 'uplot';
import type { PageBlock } from '../page-model.ts';
import { duration } from '../units.ts';
import { h, style } from './dom.ts';
import { showTip, hideTip } from './tip.ts';
import { colorOf } from './view.ts';
import type { View } from './view.ts';

/** Seconds and CSS pixels of what shows. */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly left: number;
  readonly width: number;
}

export interface Timeline {
  redraw(): void;
  resize(): void;
  destroy(): void;
}

const HEIGHT = 240;
/** A block is never thinner than that, so that one of a second shows in a day. */
const THINNEST = 2;

export function timeline(host: HTMLElement, view: View, moved: (window: Window) => void): Timeline {
  const { run } = view;
  host.replaceChildren();
  let plot: uPlot | null = new uPlot(options(host, view, moved), series(view), host);
  plot.root.setAttribute('role', 'img');
  plot.root.setAttribute('aria-label', `Timeline: ${run.blocks.length} blocks over ${duration(run.length)}`);
  listen(plot, view);
  const keys = run.blocks.length === 0 ? '' : ' ← and → go through the blocks.';
  host.append(h('p', { class: 'note' }, `Drag to zoom in, double-click to see all.${keys}`));
  return {
    redraw: () => plot?.redraw(false, true),
    resize: () => plot?.setSize({ width: host.clientWidth, height: HEIGHT }),
    destroy: () => {
      plot?.destroy();
      plot = null;
    },
  };
}

/** Each stretch of the log is a step as high as its longest delay. */
function series({ run }: View): uPlot.AlignedData {
  const xs: number[] = [];
  const ys: (number | null)[] = [];
  for (const { from, to, max } of run.lag) {
    xs.push(from / 1000, to / 1000 - 1e-6);
    ys.push(max, max);
  }
  if (xs.length === 0)
    return [
      [0, end(run.length)],
      [null, null],
    ];
  return [xs, ys];
}

const end = (length: number): number => Math.max(length, 1) / 1000;

function options(host: HTMLElement, view: View, moved: (window: Window) => void): uPlot.Options {
  const { run } = view;
  const highest = run.blocks.reduce((most, { ms }) => Math.max(most, ms), Math.max(run.threshold, ...tops(view)));
  const axis = { stroke: () => style('--muted'), grid: { stroke: () => style('--line'), width: 1 }, ticks: { show: false }, font };
  const tell = (u: uPlot): void => {
    const { min = 0, max = 1 } = u.scales['x']!;
    const ratio = window.devicePixelRatio || 1;
    moved({ from: min, to: max, left: u.bbox.left / ratio, width: u.bbox.width / ratio });
  };
  return {
    width: host.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    padding: [14, 24, 0, 0],
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: true } },
    select: { show: true, left: 0, top: 0, width: 0, height: 0 },
    scales: {
      x: { time: false, range: (_, min, max) => (min === max || min === null ? [0, end(run.length)] : [min, max]) },
      y: { range: () => [0, highest * 1.06] },
    },
    axes: [
      { ...axis, size: 30, values: (_, values) => values.map((s) => (s === 0 ? '0' : duration(s * 1000))), space: 76 },
      { ...axis, size: 56, values: (_, values) => values.map((ms) => (ms === 0 ? '0' : duration(ms))), space: 44 },
    ],
    series: [{}, { stroke: 'transparent', fill: () => style('--lag-fill'), width: 0, points: { show: false }, spanGaps: false }],
    hooks: {
      init: [(u) => u.setScale('x', { min: 0, max: end(run.length) })],
      draw: [(u) => drawBlocks(u, view), tell],
    },
  };
}

const font = '12px system-ui, sans-serif';
const tops = ({ run }: View): number[] => [run.lag.reduce((most, { max }) => Math.max(most, max), 0)];

/** Per column of pixels only the highest block is drawn: however many there are, a screen has no more columns. */
function drawBlocks(u: uPlot, view: View): void {
  const { blocks, threshold } = view.run;
  const { ctx, bbox } = u;
  const ratio = window.devicePixelRatio || 1;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const bottom = u.valToPos(0, 'y', true);
  const bar = (block: PageBlock): readonly [number, number, number] => {
    const left = u.valToPos(block.start / 1000, 'x', true);
    const right = u.valToPos((block.start + block.ms) / 1000, 'x', true);
    return [left, Math.max(THINNEST * ratio, right - left), u.valToPos(block.ms, 'y', true)];
  };
  const columns = new Map<number, PageBlock>();
  for (const block of blocks) {
    const column = Math.round(u.valToPos(block.start / 1000, 'x', true) / ratio);
    const known = columns.get(column);
    if (known === undefined || known.ms < block.ms) columns.set(column, block);
  }
  for (const block of columns.values()) {
    const [left, width, top] = bar(block);
    ctx.fillStyle = colorOf(block.cause);
    ctx.fillRect(left, top, width, bottom - top);
  }
  drawThreshold(u, threshold, ratio);
  if (view.chosen !== null) drawChosen(ctx, bar(blocks[view.chosen]!), bottom, ratio);
  ctx.restore();
}

function drawThreshold(u: uPlot, threshold: number, ratio: number): void {
  const { ctx, bbox } = u;
  const y = Math.round(u.valToPos(threshold, 'y', true)) + 0.5;
  ctx.strokeStyle = style('--muted');
  ctx.lineWidth = ratio;
  ctx.setLineDash([3 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.setLineDash([]);
}

function drawChosen(ctx: CanvasRenderingContext2D, [left, width, top]: readonly [number, number, number], bottom: number, r: number): void {
  ctx.strokeStyle = style('--ink');
  ctx.lineWidth = 2 * r;
  ctx.strokeRect(left - 2 * r, top - 2 * r, width + 4 * r, bottom - top + 4 * r);
}

/** The block under the pointer, or the longest one near it. */
function blockAt(u: uPlot, view: View, x: number): number | null {
  const reach = u.posToVal(x + 4, 'x') - u.posToVal(x, 'x');
  return longestBetween(view.run.blocks, (u.posToVal(x, 'x') - reach) * 1000, (u.posToVal(x, 'x') + reach) * 1000);
}

/** Blocks of one thread do not overlap, so those before a moment end before it. */
export function longestBetween(blocks: readonly PageBlock[], from: number, to: number): number | null {
  let [low, high] = [0, blocks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (blocks[middle]!.start + blocks[middle]!.ms < from) low = middle + 1;
    else high = middle;
  }
  let best: number | null = null;
  for (let i = low; i < blocks.length && blocks[i]!.start <= to; i++) if (best === null || blocks[i]!.ms > blocks[best]!.ms) best = i;
  return best;
}

function listen(plot: uPlot, view: View): void {
  const { over } = plot;
  let pressed = 0;
  over.addEventListener('pointermove', (event) => {
    const block = blockAt(plot, view, event.offsetX);
    over.style.cursor = block === null ? '' : 'pointer';
    if (block === null) hideTip();
    else showTip(view, block, event);
  });
  over.addEventListener('pointerleave', hideTip);
  over.addEventListener('pointerdown', (event) => (pressed = event.offsetX));
  over.addEventListener('click', (event) => {
    if (Math.abs(event.offsetX - pressed) > 3) return; // that was a zoom
    const block = blockAt(plot, view, event.offsetX);
    if (block !== null) view.choose(block);
  });
}
