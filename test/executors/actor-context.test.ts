/** The context of a call goes along to an actor as it does to a job (18): to the constructor, methods, properties and generators. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { context as otel, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { carryContext } from '../../src/index.ts';
import { requestId, Seer, session, Tenant, tenant } from '../fixtures/jobs/context.ts';
import { failure } from '../support/virtual.ts';

let seer: Awaited<ReturnType<typeof Seer.spawn>>;
beforeAll(async () => {
  seer = await requestId.run('spawned', () => Seer.spawn());
});
afterAll(() => seer[Symbol.asyncDispose]());

it('the constructor sees that of spawn, each call its own, and none sees that of another', async () => {
  const one = requestId.run('one', () => session.run({ user: 'ann', secret: () => '' }, () => seer.later()));
  const two = requestId.run('two', () => tenant.run(new Tenant('t2'), () => seer.later()));
  expect(await Promise.all([one, two, seer.later(), seer.atBirth])).toEqual([
    ['one', 'made for ann', undefined],
    ['two', undefined, 'tenant t2'],
    [undefined, undefined, undefined],
    ['spawned', undefined, undefined],
  ]);
});

it('a property is read in that of its reader', async () => {
  expect(await requestId.run('reader', () => seer.now)).toEqual(['reader', undefined, undefined]);
});

it('a generator keeps that of its call, whoever asks for the items or leaves', async () => {
  const items = requestId.run('maker', () => seer.items());
  expect(await items.next()).toMatchObject({ value: 'maker' });
  expect(await requestId.run('other', () => items.next())).toMatchObject({ value: 'maker' });
  await requestId.run('another', () => items.return!());
  expect(await seer.left).toBe('maker');
});

it('the active trace of OpenTelemetry is active in the method', async () => {
  const span = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
  expect(await otel.with(trace.setSpanContext(ROOT_CONTEXT, span), () => seer.trace())).toBe(span.traceId);
  expect(await seer.trace()).toBeNull();
});

it('what cannot be carried rejects the call, by name; the actor lives on', async () => {
  const bad = new AsyncLocalStorage<unknown>();
  using _ = carryContext('bad', bad);
  expect(await bad.run({ fn: () => 1 }, () => failure(seer.later()))).toMatchObject({ path: 'the context "bad".fn' });
  expect(await seer.later()).toEqual([undefined, undefined, undefined]);
});
