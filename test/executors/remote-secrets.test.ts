import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { cleanError, secretsOf, shownUrl } from '../../src/executors/remote-secrets.ts';

const url = 'rediss://me:p%40ss%20word@db.example:6380/2?sentinelPassword=other';

it('a URL is shown without user, password and query', () => {
  expect(shownUrl(url)).toBe('rediss://db.example:6380/2');
  expect(shownUrl('redis://localhost/')).toBe('redis://localhost');
  expect(shownUrl('p@ssword')).toBe('(not a URL)');
});

it('the secrets of a URL are known as they are written and as they are meant', () => {
  expect(secretsOf(url)).toEqual(['p@ss word', 'p%40ss%20word', 'other']);
  expect(secretsOf('redis://localhost')).toEqual([]);
  expect(secretsOf('nothing')).toEqual([]);
});

it('an error of a client loses the command it was about, and every secret in its text', () => {
  const raw = Object.assign(new Error('WRONGPASS p@ss word is wrong'), { code: 'E', command: { name: 'auth', args: ['p@ss word'] } });
  raw.name = 'ReplyError';
  const clean = cleanError(raw, secretsOf(url));
  expect(inspect(clean, { depth: 10 })).not.toContain('p@ss word');
  expect(clean).toMatchObject({ name: 'ReplyError', message: 'WRONGPASS *** is wrong', code: 'E' });
});

it.each([
  [undefined, 'undefined'],
  [Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  ['text', 'text'],
])('whatever was thrown has a message: %s', (thrown, message) => {
  expect(cleanError(thrown, []).message).toBe(message);
});
