import { defineConfig } from 'vitest/config';
import { compiledFiles, importCompiled } from './test/support/compiled.ts';

const minute = 60_000;
// Test files that look at the clock: two of them at a time, for they mostly wait.
const realtime = ['test/realtime/**/*.test.ts', 'test/monitor/{beater,expect-no-block,watch}.test.ts', 'test/telemetry/loop-meter.test.ts'];
// Test files that wait for programs of their own, and look at no clock closely: two of them at a time.
const programs = [
  'test/package/**/*.test.ts',
  'test/examples/{asyncio,docs,errors,reference,remote,survey}.test.ts',
  'test/realtime/{actor,cli,executor,monitor,process,remote,report}-*.test.ts',
  'test/realtime/{resilience,run,survey}.test.ts',
];
// Test files that mostly wait for workers to start: see test/support/compiled.ts.
const compiled = [
  'test/executors/{thread,process}.contract.test.ts',
  'test/executors/{remote,remote-stream,remote-worker,remote.contract}.test.ts',
  'test/cli/worker.test.ts',
  'test/executors/{actor,default-executor,pool-executor,process,thread,thread-worker}.test.ts',
];
const globalSetup = ['test/support/compiled.ts'];
// What takes longest, and whom it tells something on which Node: the oldest line runs everything, the newest what depends on
// Node, those in between what is left (test/matrix.mjs sets the switch).
const notOnNewest = [
  'test/{examples,package}/**/*.test.ts',
  'test/executors/{remote,remote-stream,remote-worker,remote.contract}.test.ts',
  'test/executors/narrow.contract.test.ts',
  'test/realtime/{cli-run,remote-crash,remote-map,report-process,survey}.test.ts',
];
const notBetween = [
  ...notOnNewest,
  'test/executors/process.contract.test.ts',
  'test/realtime/{cli-dump,cli-tasks,executor-crash,memory,monitor-process,remote-drain,report-browser}.test.ts',
];
const switches: Record<string, string[]> = { newest: notOnNewest, between: notBetween };
const leftOut = switches[process.env['OFFLOOP_TEST_LIGHT'] ?? ''];
const left = leftOut === undefined ? [] : [...leftOut, '**/node_modules/**'];

export default defineConfig({
  test: {
    pool: 'forks', // worker threads under test behave as in production only when the test itself runs in a main thread
    maxConcurrency: 2, // `test.concurrent` stands where tests mostly wait for programs of their own
    maxWorkers: '100%', // the default leaves one core free, which on two is half of the machine
    retry: 0, // a test that needs a second try is a bug report
    restoreMocks: true,
    passWithNoTests: false,
    coverage: { include: ['src/**', 'workers/**'] }, // code inside our own workers is not seen: docs say how to get that number
    // The groups run one after another, and so the clock-bound tests have the machine to themselves.
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...programs, ...realtime, ...compiled, ...left],
          testTimeout: minute,
          hookTimeout: minute,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        plugins: [importCompiled()],
        test: {
          name: 'compiled', // before 'unit', and so it begins before it: its files take longest
          include: compiled,
          exclude: left,
          globalSetup,
          server: { deps: { external: [compiledFiles] } },
          testTimeout: minute,
          hookTimeout: minute,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'programs',
          include: programs,
          exclude: left,
          globalSetup,
          testTimeout: 2 * minute,
          hookTimeout: 3 * minute, // one packs, and installs from a registry
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'realtime',
          include: realtime,
          exclude: [...programs, ...left],
          globalSetup,
          testTimeout: 2 * minute,
          hookTimeout: minute,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
