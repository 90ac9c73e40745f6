import { expect, test } from 'vitest';
import { abilities, mayWrite } from '../../src/monitor/abilities.ts';

const grants = (...scopes: string[]) => ({ has: (scope: string) => scopes.includes(scope) });

test('without a permission model everything is possible', () => {
  expect(abilities(undefined, true)).toEqual({ worker: true, inspect: true, reason: null });
});

test('what the permission model does not allow is not tried, and the reason is known', () => {
  expect(abilities(grants('worker', 'inspector'), true)).toEqual({ worker: true, inspect: true, reason: null });
  expect(abilities(grants('worker'), true)).toMatchObject({
    worker: true,
    inspect: false,
    reason: expect.stringContaining('--allow-inspector'),
  });
  expect(abilities(grants(), true)).toMatchObject({ worker: false, inspect: false, reason: expect.stringContaining('--allow-worker') });
});

test('a Node that does not know the scope does not allow it', () => {
  const has = (scope: string): boolean => {
    if (scope === 'inspector') throw new Error('unknown scope');
    return true;
  };
  expect(abilities({ has }, true)).toMatchObject({ worker: true, inspect: false });
});

test('a worker thread has no watchdog', () => {
  expect(abilities(undefined, false)).toMatchObject({ worker: false, reason: expect.stringContaining('worker thread') });
});

test('the permission model is asked whether a file may be written', () => {
  const asked: unknown[] = [];
  const permission = { has: (...words: unknown[]) => (asked.push(words), words[1] === '/tmp/a.html') };
  expect([mayWrite('/tmp/a.html', permission), mayWrite('/etc/b.html', permission), mayWrite('/etc/b.html')]).toEqual([true, false, true]);
  expect(asked[0]).toEqual(['fs.write', '/tmp/a.html']);
});
