import { expect, test } from 'vitest';
import { Screen } from '../../src/cli/screen.ts';
import { Sink } from '../support/cli.ts';

test('a pipe gets one text after the other', () => {
  const output = new Sink();
  const screen = new Screen(output, true);
  screen.show('one');
  screen.show('two');
  screen.end();
  expect(output.text).toBe('one\n\ntwo\n');
});

test('a terminal is drawn over, and left as it was found, with the last text in sight', () => {
  const output = new Sink(true);
  const screen = new Screen(output, true);
  screen.show('one');
  screen.show(`two\n${'x'.repeat(100)}`);
  const drawn = output.text;
  expect(drawn.startsWith('\x1b[?1049h\x1b[?25l\x1b[H')).toBe(true);
  expect(drawn).toContain(`${'x'.repeat(80)}\x1b[K`);
  expect(drawn).not.toContain('x'.repeat(81));
  screen.end();
  screen.end();
  expect(output.text.slice(drawn.length)).toBe(`\x1b[?25h\x1b[?1049ltwo\n${'x'.repeat(100)}\n`);
});

test('more lines than the terminal has are left out while it is drawn over', () => {
  const output = new Sink(true);
  new Screen(output, true).show(Array.from({ length: 50 }, (_, i) => `line ${i}`).join('\n'));
  expect(output.text).toContain('line 22');
  expect(output.text).not.toContain('line 23');
});

test('nothing was shown: nothing is restored', () => {
  const output = new Sink(true);
  new Screen(output, true).end();
  expect(output.text).toBe('');
});

test('a wait ends with the first signal, listeners are taken away', async () => {
  const before = process.listenerCount('SIGTERM');
  const stop = new Screen(new Sink(), true).onInterrupt();
  expect(await stop.after(1)).toBe(true);
  const waiting = stop.after(60_000);
  process.emit('SIGTERM');
  expect(await waiting).toBe(false);
  expect(stop.requested).toBe(true);
  expect(await stop.after(60_000)).toBe(false);
  stop.forget();
  expect(process.listenerCount('SIGTERM')).toBe(before);
});
