import { defineConfig } from 'vitest/config';
import { compiledFiles, importCompiled } from './test/support/compiled.ts';

const minute = 60_000;
// Test files that start processes of their own (npm, consumers, examples): side by side they would starve each other on two cores.
const spawning = ['test/package/**/*.test.ts', 'test/examples/**/*.test.ts'];
const realtime = ['test/realtime/**/*.test.ts'];
// Tests that mostly wait for workers to start.
const workers = ['test/executors/{thread,process}.contract.test.ts'];
const globalSetup = ['test/support/compiled.ts'];
// What starts hundreds of processes: test/matrix.mjs leaves it out on the Node lines that others stand for.
const massive = ['test/executors/process.contract.test.ts', 'test/realtime/{executor-crash,survey,process-lifetime}.test.ts'];
const left = process.env['OFFLOOP_TEST_LIGHT'] === '1' ? [...massive, '**/node_modules/**'] : [];

export default defineConfig({
  test: {
    pool: 'forks', // worker threads under test behave as in production only when the test itself runs in a main thread
    retry: 0, // a test that needs a second try is a bug report
    restoreMocks: true,
    passWithNoTests: false,
    coverage: { include: ['src/**', 'workers/**'] }, // code inside our own workers is not seen: docs say how to get that number
    // Each project is a group of its own, so the groups run one after another and the clock-bound tests have the machine to themselves.
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...spawning, ...realtime, ...workers, ...left],
          testTimeout: minute / 2,
          hookTimeout: minute / 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        plugins: [importCompiled()],
        test: {
          name: 'workers',
          include: workers,
          exclude: left,
          globalSetup,
          server: { deps: { external: [compiledFiles] } },
          testTimeout: minute / 2,
          hookTimeout: minute / 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'spawning',
          include: spawning,
          fileParallelism: false,
          testTimeout: 2 * minute,
          hookTimeout: 3 * minute, // packs, and installs from a registry
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'realtime',
          include: realtime,
          exclude: left,
          globalSetup,
          fileParallelism: false,
          testTimeout: 2 * minute,
          hookTimeout: minute,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
