import { describe, expect, it } from 'vitest';
import { functionRef, isOffloaded, markOffloaded } from '../../src/executors/callable.ts';
import { refusal } from '../support/virtual.ts';

describe('a function on its way to a worker', () => {
  it('that is offloaded goes by its address, under one number', () => {
    const fn = (): number => 1;
    const ref = { module: 'file:///a.js', export: 'f', fingerprint: 'x' };
    expect(isOffloaded(fn)).toBe(false);
    markOffloaded(fn, ref, 'shown');
    expect(isOffloaded(fn)).toBe(true);
    expect(functionRef(fn)).toEqual({ id: expect.any(Number), ref, name: 'shown' });
    expect(functionRef(fn)).toBe(functionRef(fn));
  });

  it('that is plain goes as source text, under one number each', () => {
    const twice = (n: number): number => n * 2;
    const known = functionRef(twice);
    expect(known.ref).toEqual({ source: expect.stringContaining('n * 2'), name: 'twice' });
    expect(functionRef(twice)).toBe(known);
    expect(functionRef((n: number): number => n * 2).id).not.toBe(known.id);
  });

  it('that cannot travel is refused', async () => {
    expect(await refusal(() => functionRef(undefined as never))).toBe(
      'TypeError OFFLOOP_INVALID_ARGUMENT: Expected fn to be an offloaded or self-contained function, got undefined',
    );
    expect(await refusal(() => functionRef(Math.sqrt))).toContain('TypeError OFFLOOP_INVALID_ARGUMENT');
    expect(await refusal(() => functionRef(Map as never))).toContain('native');
  });

  it('is known to other copies of the package in this process', () => {
    const fn = (): number => 1;
    const ref = { module: 'file:///b.js', export: 'f', fingerprint: undefined };
    markOffloaded(fn, ref, 'f');
    expect((fn as never as Record<symbol, unknown>)[Symbol.for('offloop.function.v1')]).toBe(functionRef(fn));
  });
});
