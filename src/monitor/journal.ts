/**
 * The log in memory, for a page about the run so far: the same lines as in a file, whether or not there is one. Bounded: the
 * latest blocks, the latest figures over time. What a line says is not known here.
 */

interface Shelf {
  readonly lines: string[];
  /** Characters. */
  size: number;
}

export type ShelfName = 'blocks' | 'figures' | 'start';

/** Lines, and characters: whichever is reached first. Together at most 6 MB, of which a program without blocks fills little. */
const BOUNDS: Readonly<Record<ShelfName, readonly [lines: number, size: number]>> = {
  blocks: [2000, 4 * 2 ** 20],
  figures: [6000, 2 * 2 ** 20],
  start: [1, 64 * 2 ** 10],
};

export class Journal {
  readonly #shelves: Readonly<Record<ShelfName, Shelf>> = {
    start: { lines: [], size: 0 },
    blocks: { lines: [], size: 0 },
    figures: { lines: [], size: 0 },
  };

  add(name: ShelfName, line: string): void {
    const shelf = this.#shelves[name];
    const [lines, size] = BOUNDS[name];
    shelf.lines.push(line);
    shelf.size += line.length;
    while (shelf.lines.length > 1 && (shelf.lines.length > lines || shelf.size > size)) shelf.size -= shelf.lines.shift()!.length;
  }

  /** Each line with its end. */
  get text(): string {
    const { start, blocks, figures } = this.#shelves;
    return [...start.lines, ...blocks.lines, ...figures.lines].map((line) => `${line}\n`).join('');
  }
}
