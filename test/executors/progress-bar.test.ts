import { beforeEach, describe, expect, it, vi } from 'vitest';
import { progressBar } from '../../src/executors/progress-bar.ts';
import { farm, numbers, valueOf } from '../support/farm.ts';

function output(isTTY: boolean): { isTTY: boolean; text: string; write(text: string): boolean } {
  const out = {
    isTTY,
    text: '',
    columns: 80,
    write: (text: string): boolean => {
      out.text += text;
      return true;
    },
  };
  return out;
}

/** Without what moves the cursor. */
// oxlint-disable-next-line eslint/no-control-regex -- that is what they begin with
const plain = (text: string): string => text.replace(/\u001B(?:\[[0-9;?]*[A-Za-z]|[78])/g, '\n');

describe('a progress bar', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
    return () => vi.useRealTimers();
  });

  it('is drawn on a terminal ten times a second, and shows the last state at the end', async () => {
    const out = output(true);
    const bar = progressBar(10, out);
    await vi.waitFor(() => expect(plain(out.text)).toContain('0% | ETA: '));
    bar.done = 5;
    await vi.advanceTimersByTimeAsync(100);
    expect(plain(out.text)).toMatch(/progress \[={20}-{20}\] 50% \| ETA: \d+s \| 5\/10/);
    bar.done = 10;
    await bar.end();
    expect(plain(out.text)).toMatch(/\[={40}\] 100% \| ETA: 0s \| 10\/10\s*$/);
    expect(vi.getTimerCount()).toBe(0);
    const { text } = out;
    await bar.end();
    expect(out.text).toBe(text);
  });

  it('counts where the number of items is not known', async () => {
    const out = output(true);
    const bar = progressBar(undefined, out);
    bar.done = 7;
    await bar.end();
    expect(plain(out.text)).toMatch(/progress 7 \| \d+s\s*$/);
  });

  it('does not keep the process alive, and hides no cursor that nobody would show again', async () => {
    const set = vi.spyOn(globalThis, 'setTimeout');
    const clear = vi.spyOn(globalThis, 'clearTimeout');
    const every = vi.spyOn(globalThis, 'setInterval');
    const out = output(true);
    progressBar(3, out);
    progressBar(3, output(false));
    await vi.waitFor(() => expect(every).toHaveBeenCalledTimes(2));
    await vi.advanceTimersByTimeAsync(500);
    const timers = [...set.mock.results, ...every.mock.results].map(({ value }) => value as NodeJS.Timeout);
    const cleared = new Set(clear.mock.calls.map(([timer]) => timer));
    expect(timers.filter((timer) => !cleared.has(timer) && timer.hasRef())).toEqual([]);
    expect(out.text).not.toMatch(/\?25l|\?7l/);
  });

  it('is a line now and then, and one at the end, where stderr is no terminal', async () => {
    const out = output(false);
    const bar = progressBar(40, out);
    bar.done = 1;
    await vi.advanceTimersByTimeAsync(9_000);
    expect(out.text).toBe('');
    await vi.advanceTimersByTimeAsync(1_000);
    bar.done = 40;
    await bar.end();
    await bar.end();
    expect(out.text).toBe('progress 1/40 (2%)\nprogress 40/40 (100%)\n');
    const unknown = output(false);
    await progressBar(undefined, unknown).end();
    expect(unknown.text).toBe('progress 0\n');
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('map with progress: true', () => {
  const stderr = (): { text: () => string } => {
    const write = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    return { text: () => write.mock.calls.map(([text]) => String(text)).join('') };
  };
  const ends: [how: string, leave: (f: ReturnType<typeof farm>, m: ReturnType<ReturnType<typeof farm>['map']>) => Promise<unknown>][] = [
    ['is left early', (_, m) => m.return!()],
    [
      'fails',
      (f, m) => {
        f.fail(2, new Error('no'));
        return m.next().catch(() => {});
      },
    ],
  ];

  it('tells when all is done', async () => {
    const err = stderr();
    const f = farm();
    const m = f.map([1, 2], { progress: true });
    const first = m.next();
    f.end(1);
    f.end(2);
    await first;
    await m.next();
    expect(await m.next()).toMatchObject({ done: true });
    expect(err.text()).toBe('progress 2/2 (100%)\n');
  });

  it.each(ends)('ends the bar when it %s', async (_how, leave) => {
    const err = stderr();
    const f = farm();
    const m = f.map(numbers(), { progress: true });
    const first = valueOf(m.next());
    f.end(1);
    await first;
    await leave(f, m);
    expect(err.text()).toBe('progress 1\n');
  });

  it('draws nothing before the first item is asked for, nor with false', async () => {
    const err = stderr();
    const f = farm();
    await f.map([1], { progress: true }).return!();
    const m = f.map([], { progress: false });
    await m.next();
    expect(err.text()).toBe('');
  });
});
