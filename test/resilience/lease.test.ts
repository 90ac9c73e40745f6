import { expect, it } from 'vitest';
import { lease } from '../../src/resilience/lease.ts';
import type { Lease } from '../../src/resilience/lease.ts';

const ends: [string, (l: Lease<string>) => void, boolean][] = [
  ['release', (l) => l.release(), true],
  ['discard', (l) => l.discard(), false],
  ['the disposer', (l) => l[Symbol.dispose](), true],
];

it.each(ends)('%s gives back; whatever is called later does nothing', (_name, end, reusable) => {
  const given: boolean[] = [];
  const borrowed = lease('connection', (again) => given.push(again));
  expect([borrowed.resource, given]).toEqual(['connection', []]);
  end(borrowed);
  for (const [, again] of ends) again(borrowed);
  expect(given).toEqual([reusable]);
});
