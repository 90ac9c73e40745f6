import { readFile } from 'node:fs/promises';
import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { pendingRequests, startWatching, unwatch, watch } from '../../src/testing/idle.ts';
import type { IdleEntry } from '../../src/testing/idle.ts';
import { realTime, turns } from '../support/virtual.ts';

const entries: IdleEntry[] = [];
afterEach(() => entries.splice(0).forEach((e) => unwatch(e)));

/** A list that one can wait for without looking again and again: that would be activity. */
class Log {
  readonly lines: string[] = [];
  #waiting: { size: number; resolve: () => void } | null = null;

  push(line: string): void {
    this.lines.push(line);
    if (this.#waiting !== null && this.lines.length >= this.#waiting.size) this.#waiting.resolve();
  }

  async reached(size: number): Promise<string[]> {
    if (this.lines.length < size) await new Promise<void>((resolve) => (this.#waiting = { size, resolve }));
    return this.lines;
  }
}

function entry(log: Log, name: string, options: Partial<IdleEntry> = {}): IdleEntry {
  const self: IdleEntry = {
    cushion: 0,
    rank: 0,
    patience: Infinity,
    held: () => false,
    idle: () => {
      log.push(name);
      unwatch(self);
    },
    ...options,
  };
  entries.push(self);
  watch(self);
  watch(self);
  return self;
}

describe('the idle watch', () => {
  it('tells when nothing runs any more: not immediates, not microtasks, not ticks, not messages', async () => {
    const log = new Log();
    entry(log, 'idle');
    await turns(20);
    log.push('turns');
    for (let i = 0; i < 20; i++) await new Promise<void>((r) => process.nextTick(() => setImmediate(r)));
    log.push('ticks');
    const { port1, port2 } = new MessageChannel();
    for (let i = 0; i < 5; i++) {
      await new Promise<void>((resolve) => {
        port2.once('message', () => resolve());
        port1.postMessage(i);
      });
    }
    log.push('messages');
    port1.close();
    expect(await log.reached(4)).toEqual(['turns', 'ticks', 'messages', 'idle']);
  });

  it('tells one at a time: by cushion, then by rank, then in order of asking', async () => {
    const log = new Log();
    entry(log, 'cushion 20', { cushion: 20 });
    entry(log, 'rank 2', { rank: 2 });
    entry(log, 'rank 1, first', { rank: 1 });
    entry(log, 'rank 1, second', { rank: 1 });
    expect(await log.reached(4)).toEqual(['rank 1, first', 'rank 1, second', 'rank 2', 'cushion 20']);
  });

  it('lets what one of them started run before it tells the next', async () => {
    const log = new Log();
    const first = entry(log, 'first', {
      idle: () => {
        unwatch(first);
        void turns(10).then(() => log.push('first done'));
      },
    });
    entry(log, 'second', { rank: 1 });
    expect(await log.reached(2)).toEqual(['first done', 'second']);
  });

  it('passes over whoever is held, without spinning, and tells it later', async () => {
    const log = new Log();
    let held = true;
    let asked = 0;
    entry(log, 'held', {
      held: () => {
        asked++;
        return held;
      },
    });
    entry(log, 'free', { rank: 5 });
    expect(await log.reached(1)).toEqual(['free']);
    asked = 0;
    const begun = performance.now();
    await realTime(50);
    expect(asked).toBeLessThan((performance.now() - begun) * 1.2 + 10); // one look per millisecond
    held = false;
    expect(await log.reached(2)).toEqual(['free', 'held']);
  });

  it('waits for a cushion of real time', async () => {
    const log = new Log();
    const begun = performance.now();
    entry(log, 'cushion', { cushion: 30 });
    await log.reached(1);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(29);
  });

  it('loses patience with a loop that is never idle', async () => {
    const log = new Log();
    entry(log, 'patience lost', { patience: 10 });
    let n = 0;
    for (; n < 1_000 && log.lines.length === 0; n++) await turns(1);
    expect([log.lines, n < 30]).toEqual([['patience lost'], true]);
  });

  it('no longer tells whoever is gone', async () => {
    const log = new Log();
    unwatch(entry(log, 'gone'));
    entry(log, 'stays');
    expect(await log.reached(1)).toEqual(['stays']);
  });
});

it('requests are seen as long as they are under way', async () => {
  startWatching();
  expect(pendingRequests()).toEqual([]);
  const reading = readFile(process.execPath);
  expect(pendingRequests()).toHaveLength(1);
  await turns(3);
  expect(pendingRequests()).toHaveLength(1);
  await reading;
  const hashing = promisify(pbkdf2)('secret', 'salt', 100_000, 64, 'sha512');
  await turns(3);
  expect(pendingRequests()).toEqual(['thread pool job']);
  await hashing;
  expect(pendingRequests()).toEqual([]);
});
