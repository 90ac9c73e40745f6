import { serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { Envelopes } from '../../src/wire/envelope.ts';

const key = 'a key of more than 16 bytes';
const value = { args: [1n, new Map([['a', new Uint8Array([1, 2])]])], when: new Date(5), nothing: undefined };
const refusal = (what: RegExp): object => expect.objectContaining({ code: 'OFFLOOP_REMOTE_REFUSED', message: expect.stringMatching(what) });
const opening =
  (side: Envelopes, bytes: Uint8Array, purpose = 'job 1'): (() => unknown) =>
  () =>
    side.open(purpose, bytes);

describe.each([
  ['without a key', undefined],
  ['with a key', key],
])('an envelope %s', (_name, hmacKey) => {
  const side = new Envelopes(hmacKey);

  it('gives back what was put in', () => {
    expect(side.open('job 1', side.seal('job 1', value))).toEqual(value);
  });

  it('of another format, or of nothing, is refused', () => {
    const bytes = side.seal('job 1', value);
    bytes[0] = 9;
    expect(opening(side, bytes)).toThrow(refusal(/job 1 was refused: its format \(9\) is not the one known here/));
    expect(opening(side, new Uint8Array())).toThrow(refusal(/format \(empty\)/));
  });

  it('throws what cannot be serialised', () => {
    expect(() => side.seal('job 1', () => 0)).toThrow('could not be cloned');
  });
});

it('garbage behind a good head is refused', () => {
  const side = new Envelopes(undefined);
  expect(opening(side, Uint8Array.of(1, 0, 5, 6, 7))).toThrow(refusal(/it cannot be read/));
});

describe('a signature', () => {
  const side = new Envelopes(key);
  const sealed = side.seal('job 1', value);

  it('covers every byte', () => {
    for (let at = 2; at < sealed.length; at += 7) {
      const forged = Buffer.from(sealed);
      forged[at]! ^= 1;
      expect(opening(side, forged)).toThrow(refusal(/its signature is wrong/));
    }
  });

  it('covers what the bytes are for', () => {
    expect(opening(side, sealed, 'job 2')).toThrow(refusal(/its signature is wrong/));
  });

  it('is wrong with another key', () => {
    expect(opening(new Envelopes(`${key}!`), sealed)).toThrow(refusal(/its signature is wrong/));
  });

  it('must be there', () => {
    const plain = new Envelopes(undefined).seal('job 1', value);
    expect(opening(side, plain)).toThrow(refusal(/it is not signed/));
    expect(opening(side, Buffer.concat([Uint8Array.of(1, 1), serialize(1)]))).toThrow(refusal(/it is not signed/));
  });

  it('must not be there when this side has no key: its answers would be refused', () => {
    expect(opening(new Envelopes(undefined), sealed)).toThrow(refusal(/it is signed, and this side was given no key/));
  });
});
