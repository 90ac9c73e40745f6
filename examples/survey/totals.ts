/** Adds up what a run found out, and compares the two runs. */
import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Measured } from './measure.ts';
import type { Outcome, Pass } from './pass.ts';
import type { Problem } from './problems.ts';
import type { Tree } from './walk.ts';

export interface Sum {
  readonly files: number;
  readonly bytes: number;
  readonly compressed: number;
  readonly lines: number;
  readonly words: number;
}

export interface SurveyedFile {
  readonly path: string;
  readonly bytes: number;
  readonly measured: Measured;
}

export interface Totals {
  readonly all: Sum;
  readonly byExtension: ReadonlyMap<string, Sum>;
  /** The largest first. */
  readonly largest: readonly SurveyedFile[];
  /** Files whose contents another file has too, the first of each kind left out. */
  readonly copies: Sum;
  /** Of the walk, and of the files. */
  readonly problems: readonly Problem[];
  /** SHA-256 of the sorted SHA-256 of all files. */
  readonly fingerprint: string;
}

export interface Comparison {
  /** Of the first run and of the second. */
  readonly totals: readonly [Totals, Totals];
  readonly identical: boolean;
  /** Files for which the runs disagree. */
  readonly different: readonly string[];
}

/** Problems of single files, by the file's place in the tree. */
type Problems = ReadonlyMap<number, string>;

/**
 * A live tree changes under our eyes: a file that only one run could read, or that was another one in the second run, is a
 * problem of the tree and counts in neither total. Whatever else differs is an error of ours.
 */
export function compare(tree: Tree, [first, second]: readonly [Pass, Pass]): Comparison {
  const problems = new Map<number, string>();
  const different: string[] = [];
  tree.files.forEach((path, i) => {
    const a = first.outcomes[i]!;
    const b = second.outcomes[i]!;
    const problem = problemOf(a, b);
    if (problem !== null) problems.set(i, problem);
    else if (!isDeepStrictEqual(a, b)) different.push(path);
  });
  const totals = [addUp(tree, first, problems), addUp(tree, second, problems)] as const;
  return { totals, different, identical: isDeepStrictEqual(...totals) };
}

function problemOf(a: Outcome, b: Outcome): string | null {
  if (a.ok && b.ok) return a.version === b.version ? null : 'changed between the two runs';
  if (!a.ok) return b.ok ? `${a.text} (in the first run only)` : a.text;
  return b.ok ? null : `${b.text} (in the second run only)`;
}

/** The totals of one run, which need not have ended. */
export function totalsOf(tree: Tree, pass: Pass): Totals {
  const problems = new Map<number, string>();
  pass.outcomes.forEach((outcome, i) => {
    if (!outcome.ok) problems.set(i, outcome.text);
  });
  return addUp(tree, pass, problems);
}

function addUp(tree: Tree, pass: Pass, problems: Problems): Totals {
  const files: SurveyedFile[] = [];
  pass.outcomes.forEach((outcome, i) => {
    if (outcome.ok && !problems.has(i)) files.push({ path: tree.files[i]!, bytes: outcome.bytes, measured: outcome.measured });
  });
  return {
    all: sum(files),
    byExtension: new Map(
      [...group(files, ({ path }) => extname(path).toLowerCase())].map(([extension, members]) => [extension, sum(members)]),
    ),
    largest: files.toSorted((a, b) => b.bytes - a.bytes).slice(0, 3),
    copies: sum([...group(files, ({ measured }) => measured.sha256).values()].flatMap((same) => same.slice(1))),
    problems: [...tree.problems, ...[...problems].map(([i, text]) => ({ path: tree.files[i]!, text }))],
    fingerprint: fingerprint(files),
  };
}

function sum(files: readonly SurveyedFile[]): Sum {
  const total = { files: files.length, bytes: 0, compressed: 0, lines: 0, words: 0 };
  for (const { bytes, measured } of files) {
    total.bytes += bytes;
    total.compressed += measured.compressed;
    total.lines += measured.text?.lines ?? 0;
    total.words += measured.text?.words ?? 0;
  }
  return total;
}

/** Map.groupBy, which Node 20 does not have. */
export function group<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [item]);
    else members.push(item);
  }
  return groups;
}

function fingerprint(files: readonly SurveyedFile[]): string {
  const digests = files.map(({ measured }) => measured.sha256).sort();
  return createHash('sha256').update(digests.join('\n')).digest('hex');
}
