/** Types of kinds.mjs, which stays JavaScript so that its lines are what runs. */
export interface Kind {
  readonly name: string;
  readonly run: (units: number) => void;
  readonly causes: readonly string[];
  readonly fixed?: boolean;
  /** Where the blocking line is marked, if not under the kind's name. */
  readonly line?: string;
  readonly noTask?: boolean;
  readonly untuned?: boolean;
}
export const kinds: readonly Kind[];
