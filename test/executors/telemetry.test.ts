/** With OpenTelemetry set up on both sides, the contract suite tells. */
import { context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { afterEach, expect, it } from 'vitest';
import { headersOfTrace, withHeaders } from '../../src/executors/telemetry.ts';

afterEach(() => {
  context.disable();
  propagation.disable();
});

const manager = {
  active: () => ROOT_CONTEXT,
  with: (_: unknown, fn: () => unknown) => fn(),
  bind: (_: unknown, target: unknown) => target,
  enable: () => manager,
  disable: () => manager,
};

it('nothing is carried, and nothing done, where nobody registered anything', () => {
  expect([headersOfTrace(), withHeaders({ traceparent: 'x' }, () => 'ran')]).toEqual([null, 'ran']);
  context.setGlobalContextManager(manager as never);
  expect([headersOfTrace(), withHeaders({ traceparent: 'x' }, () => 'ran')]).toEqual([null, 'ran']);
});

it('what the propagator writes is carried; when it writes nothing, nothing is', () => {
  const seen: unknown[] = [];
  let write = true;
  context.setGlobalContextManager(manager as never);
  propagation.setGlobalPropagator({
    inject: (_c, carrier, setter) => write && setter.set(carrier, 'traceparent', '00-a-b-01'),
    extract: (active, carrier, getter) => {
      seen.push(getter.keys(carrier), getter.get(carrier, 'traceparent'), getter.get(carrier, 'toString'));
      return active;
    },
    fields: () => [],
  });
  expect(headersOfTrace()).toEqual({ traceparent: '00-a-b-01' });
  expect(withHeaders({ traceparent: 'x' }, () => 'ran')).toBe('ran');
  expect(seen).toEqual([['traceparent'], 'x', undefined]);
  write = false;
  expect(headersOfTrace()).toBeNull();
});
