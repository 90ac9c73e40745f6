/** Source text with the heat of its lines. */
import type { PageBlock, PageModel } from '../page-model.ts';
import { heat } from '../flame-tree.ts';
import { duration } from '../units.ts';
import { h } from './dom.ts';

/** Around the line of a place; `blocks` say how hot the lines are. */
export function sourcePanel(model: PageModel, place: number, blocks: readonly PageBlock[]): HTMLElement {
  const [, file, line] = model.frames[model.places[place]!.frame]!;
  if (file < 0) return h('p', { class: 'note' }, 'Built into Node or V8: there is no source of the program to show.');
  const name = h('p', { class: 'source-name code' }, `${model.files[file]}:${line}`);
  const source = model.sources[file];
  const part = source?.parts.find(({ first, lines }) => line >= first && line < first + lines.length);
  if (part === undefined) {
    const why = source?.missing ?? 'The line is not in the file any more: it has changed since.';
    return h('div', { class: 'source' }, name, h('p', { class: 'note' }, `No source to show. ${why}`));
  }
  const byLine = heat(model, blocks).get(file) ?? new Map<number, { self: number; total: number }>();
  const [first, last] = around(part, line);
  const most = Math.max(1, ...[...byLine.values()].map(({ total }) => total));
  const rows = part.lines.slice(first - part.first, last - part.first + 1).map((text, i) => {
    const number = first + i;
    const hot = byLine.get(number)?.total ?? 0;
    const row = h(
      'tr',
      { class: number === line ? 'blamed' : '' },
      h('td', { class: 'heat' }, hot > 0 ? duration(hot) : ''),
      h('td', { class: 'number' }, String(number)),
      h('td', { class: 'text' }, text === '' ? ' ' : text),
    );
    if (hot > 0) row.style.setProperty('--heat', (hot / most).toFixed(3));
    return row;
  });
  const table = h('table', { 'aria-label': `Source of ${model.files[file]} around line ${line}, with the time each line blocked` });
  table.append(h('tbody', {}, ...rows));
  return h('div', { class: 'source' }, name, h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Source' }, table));
}

const BEFORE = 8;
const AFTER = 16;

function around({ first, lines }: { first: number; lines: readonly string[] }, line: number): [number, number] {
  return [Math.max(first, line - BEFORE), Math.min(first + lines.length - 1, line + AFTER)];
}
