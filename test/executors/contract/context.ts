/** The context of the submitting call inside the job (18), and OpenTelemetry's. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { context as otel, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, it } from 'vitest';
import { carryContext, gather } from '../../../src/index.ts';
import { requestId, seenContext, seenTrace, session, streamContext, Tenant, tenant } from '../../fixtures/jobs/context.ts';
import { add } from '../../fixtures/jobs/basic.ts';
import { failure } from '../../support/virtual.ts';
import type { Subject } from './subject.ts';

export function context({ shared, separate }: Subject): void {
  it('each job sees the values of its submitting call, by codec and as instances of registered classes (18)', async () => {
    const executor = shared(1);
    const one = requestId.run('one', () =>
      session.run({ user: 'ann', secret: () => 'made for ann' }, () => executor.submit(seenContext, [])),
    );
    const two = requestId.run('two', () => tenant.run(new Tenant('t2'), () => executor.submit(seenContext, [])));
    const none = executor.submit(seenContext, []);
    expect(await gather([one, two, none] as const)).toEqual([
      ['one', 'made for ann', undefined],
      ['two', undefined, 'tenant t2'],
      [undefined, undefined, undefined],
    ]);
  });

  it('a stream sees those of the call that made it, all along', async () => {
    const executor = shared(1);
    const items = requestId.run('stream', () => streamContext.with({ executor })());
    const seen: unknown[] = [];
    for await (const item of items) seen.push(item);
    expect(seen).toEqual(['stream', 'stream']);
  });

  it.runIf(separate)('a value that cannot be cloned rejects the job and is named; disposing ends the carrying', async () => {
    const executor = shared(1);
    const bad = new AsyncLocalStorage<unknown>();
    const carried = carryContext('bad', bad);
    const error = await bad.run({ fn: () => 1 }, () => failure(executor.submit(add, [1, 2])));
    expect(error).toMatchObject({ name: 'NotCloneableError', path: 'the context "bad".fn' });
    carried[Symbol.dispose]();
    expect(await bad.run({ fn: () => 1 }, () => executor.submit(add, [1, 2]))).toBe(3);
  });

  it('the active trace of OpenTelemetry is active in the job', async () => {
    const executor = shared(1);
    const span = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
    const traced = otel.with(trace.setSpanContext(ROOT_CONTEXT, span), () => executor.submit(seenTrace, []));
    expect(await traced).toMatchObject({ traceId: span.traceId, spanId: span.spanId });
    expect(await executor.submit(seenTrace, [])).toBeNull();
  });
}
