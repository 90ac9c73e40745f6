/** The generated reference is of this code: `npm run docs:api` makes it anew. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as offloop from 'offloop';
import * as opentelemetry from 'offloop/opentelemetry';
import * as prometheus from 'offloop/prometheus';
import * as remote from 'offloop/remote';
import * as testing from 'offloop/testing';
import * as worker from 'offloop/worker';
import { expect, test } from 'vitest';

const entries = {
  offloop,
  'offloop.testing': testing,
  'offloop.worker': worker,
  'offloop.remote': remote,
  'offloop.opentelemetry': opentelemetry,
  'offloop.prometheus': prometheus,
};

test.each(Object.entries(entries))('every export of %s has its heading in the reference', (entry, exports) => {
  const page = readFileSync(fileURLToPath(new URL(`../../docs/api/reference/${entry}.md`, import.meta.url)), 'utf8');
  const headings = new Set([...page.matchAll(/^### (\w+)/gm)].map(([, name]) => name));
  expect(Object.keys(exports).filter((name) => !headings.has(name))).toEqual([]);
});
