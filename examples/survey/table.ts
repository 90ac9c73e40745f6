/** A table as wide as the terminal allows: columns that can be spared go first. */
import Table from 'cli-table3';
import { bold, columns } from './terminal.ts';

export interface Column {
  readonly head: string;
  readonly cells: readonly string[];
  /** Left out where there is no room for it. */
  readonly spare?: boolean;
}

/** The first column to the left, figures to the right. */
export function table(shown: readonly Column[]): string {
  const drawn = new Table({
    head: shown.map(({ head }) => bold(head)),
    colAligns: shown.map((_, i) => (i === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true }, // no colours of its own: it knows no NO_COLOR
  });
  drawn.push(...shown[0]!.cells.map((_, row) => shown.map(({ cells }) => cells[row]!)));
  const spare = shown.findLastIndex((column) => column.spare === true);
  return spare === -1 || drawn.width <= columns() ? drawn.toString() : table(shown.toSpliced(spare, 1));
}
