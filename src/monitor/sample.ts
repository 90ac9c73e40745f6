/** What the watched thread answers when it is asked where it is. Data types only: they travel as JSON. */

/** A frame as V8 tells it, before source maps. Lines and columns count from 1. */
export interface RawFrame {
  /** Empty for a function without a name. */
  readonly fn: string;
  /** Path or URL; empty for what is built into Node or V8. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly async?: boolean;
  /** Where the function is declared. */
  readonly declared?: readonly [line: number, column: number];
  /** Where that is in the source, where the thread itself knows the source map (tsx, --enable-source-maps). */
  readonly source?: { readonly file: string; readonly line: number; readonly column: number; readonly fn?: string };
}

export interface TaskInfo {
  readonly id: number;
  readonly name: string;
  readonly spawnedAt?: string;
}

export interface Answer {
  /** Innermost first. */
  readonly frames: readonly RawFrame[];
  /** The native function whose shim is on the stack; with `entering` it is about to be called. */
  readonly native?: string;
  readonly entering?: boolean;
  readonly task?: TaskInfo;
  /** Tells one callback from the next. */
  readonly callback: string;
  /** On `process.hrtime`, in milliseconds. */
  readonly at: number;
}

/** An answer, and when it was asked for. */
export interface Sample extends Answer {
  readonly asked: number;
}
