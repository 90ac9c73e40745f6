/**
 * Runs the tests on every Node line we support: `node test/matrix.mjs [--only 22,24] [--npm-test]`.
 *
 * A line is: the vitest projects, then the built package loaded both ways. `--npm-test` runs all of `npm test` (types, lint
 * and format too) on the Node that runs this script; on the others the tests alone, because the rest cannot differ. What takes
 * longest runs where it tells most: examples, README, package and the remote executor on the oldest line, the contract of the
 * process pool and the programs of the monitor on the oldest and the newest (vitest.config.ts lists them); `--only 22` runs
 * everything there.
 * The nodes come from the registry into node_modules/.cache, fetched beside the first line: so nothing has to be installed by
 * hand and nothing weighs on `npm ci`.
 * A line that could not run is named in the table and, in CI, counts as a failure; none is skipped in silence.
 * vitest's JSON of each line stays in node_modules/.cache/matrix. The last line printed is `N passed, N failed`: CI reads it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const patience = 20 * 60_000; // a run that takes longer hangs, and that is a failure to report, not to wait for
const supported = ['20', '22', '24', '26'];
const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const cache = join(root, 'node_modules', '.cache');
const [runningLine] = process.versions.node.split('.');
/** The registry has Node itself as a package for these platforms. */
const nodePackage = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch) ? `node-linux-${process.arch}` : null;

const { values } = parseArgs({ options: { only: { type: 'string' }, 'npm-test': { type: 'boolean' } } });
const lines = values.only?.split(',') ?? supported;
const inBetween = values.only === undefined ? supported.slice(1, -1) : [];
const newest = values.only === undefined ? supported.at(-1) : undefined;
const unknown = lines.filter((line) => !supported.includes(line));
if (unknown.length > 0) throw new RangeError(`--only takes Node lines out of ${supported.join(', ')}; got ${unknown.join(', ')}`);

const prefixOf = (line) => join(cache, 'nodes', line);
const nodeIn = (prefix) => join(prefix, 'node_modules', nodePackage, 'bin', 'node');

/** Begins to fetch the nodes that are not there yet, beside the first line and behind it in the queue for the processor. */
function beginToFetch() {
  if (nodePackage === null) return new Map();
  const missing = lines.filter((line) => line !== runningLine && !existsSync(nodeIn(prefixOf(line))));
  return new Map(missing.map((line) => [line, fetchNode(line)]));
}

/** Into a folder of another name, for tests of the first line use the nodes that they find. */
async function fetchNode(line) {
  const prefix = `${prefixOf(line)}.new`;
  rmSync(prefix, { recursive: true, force: true });
  mkdirSync(prefix, { recursive: true });
  const install = ['install', '--prefix', prefix, '--no-audit', '--no-fund', `${nodePackage}@${line}`];
  const npm = spawn('npm', install, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (npm.pid !== undefined) setPriority(npm.pid, constants.priority.PRIORITY_LOW);
  const [code] = await once(npm, 'exit').catch((error) => [String(error)]);
  return code === 0 ? prefix : null;
}

/** @returns {Promise<{ node: string } | { missing: string, excused?: boolean }>} the binary, or why there is none */
async function findNode(line) {
  if (line === runningLine) return { node: process.execPath };
  if (nodePackage === null) return { missing: `no package with Node for ${process.platform}-${process.arch}`, excused: true };
  const node = nodeIn(prefixOf(line));
  const arrived = await fetching.get(line);
  if (typeof arrived === 'string') {
    rmSync(prefixOf(line), { recursive: true, force: true });
    renameSync(arrived, prefixOf(line));
  }
  return existsSync(node) ? { node } : { missing: `npm could not install ${nodePackage}@${line}, its reasons are above` };
}

/** Runs with that node, which its child processes find as `node` too. Output goes straight to the terminal. */
function runWith(node, command, args, more = {}) {
  const env = { ...process.env, ...more, PATH: dirname(node) + delimiter + process.env.PATH };
  const ending = { timeout: patience, killSignal: 'SIGKILL' };
  return spawnSync(command, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'], ...ending }).status === 0;
}

/** What vitest wrote. A file that did not even load has no failed test in it, but it is a failure. */
function count(json) {
  if (!existsSync(json)) return { passed: 0, failures: [] };
  const { numPassedTests: passed, testResults } = JSON.parse(readFileSync(json, 'utf8'));
  const failures = testResults.flatMap((file) => {
    const tests = file.assertionResults.filter((test) => test.status === 'failed');
    const named = tests.map((test) => ({ title: test.fullName, why: test.failureMessages[0] }));
    return named.length === 0 && file.status === 'failed' ? [{ title: relative(root, file.name), why: file.message }] : named;
  });
  return { passed, failures };
}

function runTests(node, line) {
  const json = join(cache, 'matrix', `${line}.json`);
  rmSync(json, { force: true }); // never count an earlier run
  const report = ['--reporter=default', '--reporter=json', `--outputFile.json=${json}`];
  const whole = values['npm-test'] && line === runningLine;
  const light = inBetween.includes(line) ? 'between' : line === newest ? 'newest' : undefined;
  const ok = whole
    ? runWith(node, 'npm', ['test', '--', ...report])
    : runWith(node, node, [vitest, 'run', ...report], light === undefined ? {} : { OFFLOOP_TEST_LIGHT: light });
  const { passed, failures } = count(json);
  // A run that ended badly without naming a failed test (lint, a crash, an unhandled rejection) has failed all the same.
  if (!ok && failures.length === 0) failures.push({ title: 'the run itself', why: 'ended badly and named no failed test' });
  return { passed, failures };
}

/** The built package, as `import` and as `require`, by its own name: it loads, and it runs. */
function smoke(node) {
  const check = `({ run }) => run(() => 42).then((v) => { if (v !== 42) throw new Error('run() gave ' + v) })`;
  const imported = runWith(node, node, ['--input-type=module', '-e', `await (${check})(await import('offloop'))`]);
  const required = runWith(node, node, ['--input-type=commonjs', '-e', `(${check})(require('offloop'))`]);
  return { passed: Number(imported) + Number(required), failed: Number(!imported) + Number(!required) };
}

async function runLine(line) {
  const started = performance.now();
  const { node, missing, excused } = await findNode(line);
  if (node === undefined) {
    return {
      line,
      version: '-',
      passed: 0,
      failed: process.env.CI && !excused ? 1 : 0,
      failures: [],
      seconds: 0,
      note: `NOT RUN: ${missing}`,
    };
  }
  const version = spawnSync(node, ['-v'], { encoding: 'utf8' }).stdout.trim();
  console.log(`\n=== Node ${version} ===`);
  const tests = runTests(node, line);
  const loaded = smoke(node);
  const seconds = (performance.now() - started) / 1000;
  const note = loaded.failed > 0 ? 'the built package does not load' : '';
  const failed = tests.failures.length + loaded.failed;
  return { line, version, passed: tests.passed + loaded.passed, failed, failures: tests.failures, seconds, note };
}

/** Named once more at the very end, because a CI that keeps only the end of its log is read there. */
function printFailures(rows) {
  for (const { line, failures } of rows) {
    for (const { title, why } of failures) console.log(`\nFAILED on Node ${line}: ${title}\n${String(why).slice(0, 1500)}`);
  }
}

function printTable(rows) {
  console.log(`\n${'line'.padEnd(6)}${'version'.padEnd(12)}${'passed'.padStart(8)}${'failed'.padStart(8)}${'seconds'.padStart(9)}`);
  for (const { line, version, passed, failed, seconds, note } of rows) {
    const numbers = String(passed).padStart(8) + String(failed).padStart(8) + seconds.toFixed(0).padStart(9);
    console.log(`${line.padEnd(6)}${version.padEnd(12)}${numbers}  ${note}`.trimEnd());
  }
}

const fetching = beginToFetch();
// The smoke, and what is packed, need dist.
const built = runWith(process.execPath, 'npm', ['run', 'build']);
const rows = [];
for (const line of lines) rows.push(await runLine(line));
printFailures(rows);
printTable(rows);
if (!built) console.log('`npm run build` failed, see the top');
const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
const failed = sum('failed') + Number(!built);
console.log(`${sum('passed')} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
