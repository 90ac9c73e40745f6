/** Types of kinds.mjs and unseen.mjs, which stay JavaScript so that their lines are what runs. */
export interface Kind {
  readonly name: string;
  /** Blocks for so many units of work. What cannot block at once returns when it did, and for how long. */
  readonly run: (units: number) => void | Promise<{ at: number; ms: number }>;
  /** Which causes are right: a computer under load may starve what computes, and what makes garbage may be the collector's block. */
  readonly causes: readonly string[];
  /** One unit is a millisecond. */
  readonly fixed?: boolean;
  /** Time grows with this power of the units; 1 by default. */
  readonly power?: number;
  /** Where the blocking line is marked, if not under the kind's name. */
  readonly line?: string;
  /** One call that V8 cannot interrupt and that has no shim: its line is known from a profile only. */
  readonly opaque?: boolean;
}
export const kinds: readonly Kind[];
export const computes: readonly string[];
export const native: readonly string[];
export const both: readonly string[];
