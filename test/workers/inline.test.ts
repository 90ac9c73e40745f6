/** How functions are found when the far side is in the same thread. Everything else is the contract's. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { fromModule, InlineExecutor } from '../../src/index.ts';
import { workerState } from '../../src/executors/worker-state.ts';
import { add } from '../fixtures/jobs/basic.ts';
import { scratch } from '../support/gates.ts';
import { failure } from '../support/virtual.ts';

const executor = new InlineExecutor();
afterAll(() => executor.shutdown());

describe('a function', () => {
  it('that is offloaded here is this very one', async () => {
    expect(await executor.submit(add, [1, 2])).toBe(3);
  });

  it('of a plain module is imported by the rules of this program', async () => {
    const { triple } = fromModule<typeof import('../fixtures/jobs/plain.ts')>(new URL('../fixtures/jobs/plain.ts', import.meta.url));
    expect(await executor.submit(triple, [2])).toBe(6);
  });

  it('that is passed as it is sees nothing of its surroundings, as in a worker', async () => {
    const around = 5;
    expect(await executor.submit((n: number) => n + 1, [1])).toBe(2);
    expect(await failure(executor.submit(() => around, []))).toMatchObject({ code: 'OFFLOOP_FREE_VARIABLE' });
  });

  it('that its module does not have is named', async () => {
    const { missing } = fromModule<{ missing(): void }>(new URL('../fixtures/jobs/plain.ts', import.meta.url));
    expect(await failure(executor.submit(missing, []))).toMatchObject({ code: 'OFFLOOP_FUNCTION_NOT_FOUND' });
  });

  it('whose module fails rejects with what that threw', async () => {
    const file = join(scratch(), 'broken.mjs');
    writeFileSync(file, 'throw new RangeError("at load");');
    const { f } = fromModule<{ f(): void }>(pathToFileURL(file));
    const error = await failure(executor.submit(f, []));
    expect(error).toMatchObject({ code: 'OFFLOOP_WORKER_DIED', why: 'load-failed', cause: { message: 'at load' } });
    expect(await executor.submit(add, [1, 2])).toBe(3);
    expect(workerState()).toBe(undefined);
  });
});
