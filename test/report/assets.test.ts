import { expect, test } from 'vitest';
import { assets } from '../../src/report/assets.ts';

test('from source the page is made on the spot, once', () => {
  const { script, style, markup } = assets();
  expect(script).toContain('uplot');
  expect(style).toContain('prefers-color-scheme');
  expect(markup).toContain('{{headline}}');
  expect(assets()).toBe(assets());
});

test('nothing in it names an address or ends its element', () => {
  const { script, style, markup } = assets();
  expect(script).not.toMatch(/<\/script|<!--/i);
  expect(style).not.toMatch(/<\/style/i);
  expect(`${style}${markup}`).not.toMatch(/https?:|url\(/);
  expect(script.replaceAll(/http:\/\/www\.w3\.org\/[\w/]+/g, '')).not.toMatch(/https?:\/\//);
});
