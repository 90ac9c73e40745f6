/** As much of d3-flame-graph as the page uses: it brings no types. */
declare module 'd3-flame-graph' {
  interface Node<T> {
    readonly data: T;
    readonly value: number;
  }
  interface Chart<T> {
    (selection: unknown): void;
    width(px: number): this;
    height(px: number): this;
    cellHeight(px: number): this;
    minFrameSize(px: number): this;
    transitionDuration(ms: number): this;
    inverted(on: boolean): this;
    sort(on: boolean | ((a: Node<T>, b: Node<T>) => number)): this;
    setLabelHandler(label: (node: Node<T>) => string): this;
    setColorMapper(color: (node: Node<T>, original: string) => string): this;
    onClick(listener: (node: Node<T>) => void): this;
    resetZoom(): void;
    destroy(): void;
  }
  export default function flamegraph<T>(): Chart<T>;
}

declare module 'd3-selection' {
  export function select(element: Element): { datum(data: unknown): { call(chart: (selection: unknown) => void): void } };
}

declare module '*.css';
