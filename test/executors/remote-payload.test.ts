import { describe, expect, it } from 'vitest';
import { INLINE_BYTES } from '../../src/executors/remote-blobs.ts';
import type { BlobStore } from '../../src/executors/remote-blobs.ts';
import { Payloads } from '../../src/executors/remote-payload.ts';
import { Envelopes } from '../../src/wire/envelope.ts';

function memory(): BlobStore & { readonly kept: Map<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>();
  return {
    kept,
    put: async (bytes) => (await Promise.resolve(), kept.set(String(kept.size), bytes), String(kept.size - 1)),
    get: (key) => Promise.resolve(kept.get(key)),
    delete: async (key) => (await Promise.resolve(), void kept.delete(key)),
  };
}

describe('a payload', () => {
  it('that is small travels in place, at once', async () => {
    const store = memory();
    const payloads = new Payloads(new Envelopes(undefined), store);
    const text = payloads.pack('a', { x: 1 });
    expect(text).toBeTypeOf('string');
    expect(payloads.unpack('a', text)).toEqual({ x: 1 });
    await payloads.discard(text);
    expect(store.kept.size).toBe(0);
  });

  it('that is large lies in the store until it is discarded', async () => {
    const store = memory();
    const payloads = new Payloads(new Envelopes(undefined), store);
    const bytes = new Uint8Array(INLINE_BYTES);
    const text = await payloads.pack('a', bytes);
    expect([text.length < 100, store.kept.size]).toEqual([true, 1]);
    expect(await payloads.unpack('a', text)).toEqual(bytes);
    await payloads.discard(text);
    expect(store.kept.size).toBe(0);
    await expect(payloads.unpack('a', text)).rejects.toMatchObject({ code: 'OFFLOOP_REMOTE_REFUSED' });
  });

  it.each([undefined, null, 5, '', 'x', { sealed: 'y' }])('that nobody here wrote is refused: %j', (text) => {
    const payloads = new Payloads(new Envelopes(undefined), memory());
    expect(() => payloads.unpack('job 1', text)).toThrow(expect.objectContaining({ code: 'OFFLOOP_REMOTE_REFUSED' }));
  });
});
