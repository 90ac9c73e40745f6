import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { captureContext, carryContext, withContext } from '../../src/executors/carry-context.ts';
import { failure, refusal } from '../support/virtual.ts';

const als = new AsyncLocalStorage<unknown>();

describe('a carried context', () => {
  it('is nothing when nothing is registered, or no value is there', () => {
    expect(als.run('value', captureContext)).toBeNull();
    const carried = carryContext('a', als);
    expect(captureContext()).toBeNull();
    expect(als.run('value', captureContext)).toEqual({ values: { a: 'value' }, encoded: false });
    carried[Symbol.dispose]();
    carried[Symbol.dispose]();
    expect(als.run('value', captureContext)).toBeNull();
  });

  it('is the value as it was when it was captured', () => {
    const carried = carryContext('a', als);
    const value = { n: 1 };
    const context = als.run(value, captureContext)!;
    value.n = 2;
    expect(withContext(context, () => als.getStore())).toEqual({ n: 1 });
    carried[Symbol.dispose]();
  });

  it('goes through its codec, whose failure names it; what is not registered here is left out', async () => {
    const codec = {
      encode: (value: unknown) => [value],
      decode: (data: unknown) => {
        const [value] = data as [unknown];
        if (value === 'bad') throw new RangeError('no');
        return value;
      },
    };
    const carried = carryContext('a', als, codec);
    const context = als.run('value', captureContext)!;
    expect(context.values).toEqual({ a: ['value'] });
    expect(withContext({ ...context, values: { ...context.values, unknown: 1 } }, () => als.getStore())).toBe('value');
    const bad = als.run('bad', captureContext)!;
    expect(await failure(() => withContext(bad, () => 0))).toMatchObject({ code: 'OFFLOOP_CODEC_FAILED', cause: { message: 'no' } });
    carried[Symbol.dispose]();
  });

  it('refuses bad arguments, and two storages of one name', async () => {
    expect(await refusal(() => carryContext(1 as never, als))).toContain('Expected name to be a string');
    expect(await refusal(() => carryContext('', als))).toContain('name');
    expect(await refusal(() => carryContext('a', {} as never))).toContain('Expected als to be an AsyncLocalStorage');
    expect(await refusal(() => carryContext('a', als, { encode: (v: unknown) => v } as never))).toContain('codec.decode');
    const carried = carryContext('a', als);
    expect(await refusal(() => carryContext('a', new AsyncLocalStorage()))).toContain('another AsyncLocalStorage is carried as "a"');
    carryContext('a', als)[Symbol.dispose](); // the same once more replaces the former
    carried[Symbol.dispose]();
  });
});
