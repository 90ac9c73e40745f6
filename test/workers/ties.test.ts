import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { carryContext } from '../../src/executors/carry-context.ts';
import { ControlBlock } from '../../src/wire/control.ts';
import { VALUE } from '../../src/wire/protocol.ts';
import type { FromWorker, JobExtras } from '../../src/wire/protocol.ts';
import { JobScope } from '../../workers/job.ts';
import { tiesOf } from '../../workers/ties.ts';

function setUp(extras: JobExtras) {
  const posted: FromWorker[] = [];
  const scope = new JobScope(4, 'job', Infinity, 7, new ControlBlock(), () => {});
  return { ties: tiesOf(extras, scope, { postMessage: (m) => void posted.push(m) })!, posted };
}

describe('the ties of a job', () => {
  it('are null when it has none', () => {
    expect([setUp({}).ties, setUp({ name: 'n', timeout: 5 }).ties]).toEqual([null, null]);
  });

  it('put context around, functions into the arguments, and make a stream of a generator', async () => {
    const als = new AsyncLocalStorage<string>();
    const carried = carryContext('ties', als);
    const { ties, posted } = setUp({ credit: 1, callbacks: 'key', context: { values: { ties: 'value' }, encoded: false } });
    const end = ties.wrap(async function* (ask: unknown) {
      yield als.getStore();
      yield (ask as () => unknown)();
    } as never)({ key: 0 }) as Promise<void>;
    await new Promise((resolve) => setImmediate(resolve));
    ties.heard({ type: 'credit', id: 4, items: 5 });
    await new Promise((resolve) => setImmediate(resolve));
    ties.heard({ type: 'reply', id: 4, call: 1, kind: VALUE, payload: 'answer' });
    await end;
    ties.end();
    carried[Symbol.dispose]();
    expect(posted.map((m) => (m as { items?: unknown }).items ?? (m as { type: string }).type)).toEqual([['value'], 'call', ['answer']]);
  });

  it('say when the consumer has left', async () => {
    const { ties } = setUp({ credit: 1 });
    const end = ties.wrap(function* () {
      yield 1;
      yield 2;
    } as never)() as Promise<void>;
    await Promise.resolve();
    expect(ties.closing).toBe(false);
    ties.heard({ type: 'close', id: 4 });
    await end;
    expect(ties.closing).toBe(true);
  });
});
