/** What a block is, in a few lines next to the pointer. */
import { causes } from '../causes.ts';
import { duration } from '../units.ts';
import { h } from './dom.ts';
import { colorOf, sourceLine, taskText, whereText } from './view.ts';
import type { View } from './view.ts';

const tip = h('div', { class: 'tip', role: 'tooltip', hidden: true });
const CALLERS = 3;

export function showTip(view: View, index: number, { clientX, clientY }: MouseEvent): void {
  const block = view.run.blocks[index]!;
  const { frames, files, stacks } = view.model;
  const line = sourceLine(view, block);
  const callers = (stacks[block.stack] ?? []).slice(1, 1 + CALLERS).map((id) => {
    const [fn, file, at] = frames[id]!;
    return h('li', {}, `${fn} `, h('span', { class: 'muted' }, file < 0 ? 'built in' : `${files[file]}:${at}`));
  });
  const dot = h('i', { class: 'dot' });
  dot.style.background = colorOf(block.cause);
  tip.replaceChildren(
    h('p', { class: 'tip-head' }, dot, h('b', {}, duration(block.ms)), ` · ${causes[block.cause].label}`),
    h('p', { class: 'code' }, whereText(view, block)),
    ...(line === null ? [] : [h('pre', {}, line)]),
    ...(callers.length > 0 ? [h('ul', { class: 'code' }, ...callers)] : []),
    h('p', { class: 'muted' }, taskText(view, block)),
  );
  if (!tip.isConnected) document.body.append(tip);
  tip.hidden = false;
  const { offsetWidth: width, offsetHeight: height } = tip;
  tip.style.left = `${Math.max(8, Math.min(clientX + 14, window.innerWidth - width - 8))}px`;
  tip.style.top = `${clientY + height + 24 > window.innerHeight ? Math.max(8, clientY - height - 14) : clientY + 18}px`;
}

export function hideTip(): void {
  tip.hidden = true;
}
