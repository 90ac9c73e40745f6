/**
 * Surveys a folder tree twice, all in the loop and off the loop, and compares what that did to the event loop.
 *
 *   npm start               surveys this project's node_modules
 *   npm start -- FOLDER     surveys another folder
 *
 * Ctrl-C ends it with what was done so far. Exit codes: 0, 1 = the two runs disagree, 2 = no such folder, 130 = Ctrl-C.
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isCancelled, move, run } from 'offloop';
import { measure } from './survey/measure.ts';
import { Meter } from './survey/meter.ts';
import { Pass } from './survey/pass.ts';
import * as show from './survey/show.ts';
import { compare, totalsOf } from './survey/totals.ts';
import { checkRoot, Tree } from './survey/walk.ts';

const [folder = fileURLToPath(new URL('../node_modules', import.meta.url)), ...tooMany] = process.argv.slice(2);

// As in `npm start | head`: nobody reads on, so there is nothing left to do.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

process.exitCode = await run(async () => {
  if (tooMany.length > 0) {
    show.refusal(`one folder at most, please: what is ${tooMany.join(' ')}?`);
    return 2;
  }
  const root = resolve(folder);
  const refusal = await checkRoot(root);
  if (refusal !== null) {
    show.refusal(refusal);
    return 2;
  }

  const tree = new Tree(root);
  const inLoop = new Pass('in the loop', (bytes) => measure.local(bytes));
  const offLoop = new Pass('off the loop', (bytes) => measure(move(bytes)));
  show.title(root);
  try {
    await walk(tree);
    await survey(tree, inLoop);
    await survey(tree, offLoop);
  } catch (error) {
    if (isCancelled(error)) reportSoFar(tree, inLoop, offLoop);
    throw error;
  }
  return report(tree, inLoop, offLoop);
});

async function walk(tree: Tree): Promise<void> {
  using meter = new Meter('walking', 'folders', 1);
  await tree.walk(meter.update);
}

/** The one difference between the two runs is where the pass has its files measured. */
async function survey(tree: Tree, pass: Pass): Promise<void> {
  using meter = new Meter(pass.name, 'files', tree.files.length);
  await pass.over(tree, meter.update);
}

function report(tree: Tree, inLoop: Pass, offLoop: Pass): number {
  const comparison = compare(tree, [inLoop, offLoop]);
  const [totals] = comparison.totals;
  show.found(tree);
  show.totals(totals);
  show.problems(totals.problems);
  show.times([inLoop, offLoop], tree);
  show.agreement(comparison);
  show.moral(inLoop, offLoop);
  show.notes();
  return comparison.identical ? 0 : 1;
}

function reportSoFar(tree: Tree, inLoop: Pass, offLoop: Pass): void {
  const begun = [inLoop, offLoop].filter((pass) => pass.begun);
  const totals = totalsOf(tree, inLoop);
  show.stopped(begun.at(-1)?.name ?? 'while walking');
  show.found(tree);
  show.totals(totals);
  show.problems(totals.problems);
  show.times(begun, tree);
}
