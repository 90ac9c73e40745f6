/**
 * The contract once more, of pools of other shapes than its tests ask for: with one place in the queue, and one worker where a test
 * does not say how many; and with many more workers than there are cores. Here run the parts that are quick and do not count
 * workers. `OFFLOOP_TEST_POOL=narrow` or `=wide` runs all parts, where tests that count workers or places may rightly fail.
 */
import { availableParallelism } from 'node:os';
import { describe } from 'vitest';
import { ThreadPoolExecutor } from '../../src/index.ts';
import type { PoolOptions } from '../../src/index.ts';
import { basics } from './contract/basics.ts';
import { batches } from './contract/batches.ts';
import { callbacks } from './contract/callbacks.ts';
import { cancellation } from './contract/cancellation.ts';
import { context } from './contract/context.ts';
import { data } from './contract/data.ts';
import { failure } from './contract/failure.ts';
import { lifecycle } from './contract/lifecycle.ts';
import { scheduling } from './contract/scheduling.ts';
import { shutdown } from './contract/shutdown.ts';
import { streams } from './contract/streams.ts';
import { makeSubject } from './contract/subject.ts';

const all = { basics, data, scheduling, batches, cancellation, failure, streams, callbacks, context, lifecycle, shutdown };
const shapes = {
  narrow: {
    shape: (o?: PoolOptions): PoolOptions => ({ maxQueue: 1, max: Math.max(1, o?.min ?? 1), ...o }),
    quick: { basics, data, streams, callbacks, context },
  },
  wide: {
    shape: (o?: PoolOptions): PoolOptions => ({ ...o, max: 3 * availableParallelism() }),
    quick: { streams, context },
  },
};
const traits = { separate: true, processes: false, sharedMemory: true };
const asked = process.env['OFFLOOP_TEST_POOL'];

for (const [name, { shape, quick }] of Object.entries(shapes)) {
  describe.runIf(asked === undefined || asked === name)(`ThreadPoolExecutor, ${name}`, () => {
    const subject = makeSubject((options) => new ThreadPoolExecutor(shape(options)), traits);
    for (const [part, run] of Object.entries(asked === undefined ? quick : all)) {
      // oxlint-disable-next-line vitest/valid-title -- it is the name of the part
      describe(part, () => {
        run(subject);
      });
    }
  });
}
