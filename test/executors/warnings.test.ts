import { describe, expect, it, vi } from 'vitest';
import { warnOnce } from '../../src/executors/warnings.ts';

describe('warnOnce', () => {
  it('prints a warning once, however many workers have it', () => {
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    for (let i = 0; i < 3; i++) warnOnce('', 'the same text');
    warnOnce('', 'another text');
    expect(emit.mock.calls).toEqual([
      ['the same text', { type: 'OffloopWarning', code: 'OFFLOOP_EXECUTOR' }],
      ['another text', { type: 'OffloopWarning', code: 'OFFLOOP_EXECUTOR' }],
    ]);
  });

  it('about a file prints the first only: later ones say the same with other lines', () => {
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    warnOnce('/app/main.js', 'prints (main.js:1)');
    warnOnce('/app/main.js', 'prints (main.js:1), listens (main.js:2)');
    expect(emit.mock.calls).toEqual([['prints (main.js:1)', { type: 'OffloopWarning', code: 'OFFLOOP_MAIN_FILE' }]]);
  });

  it('does not remember without bound', () => {
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    for (let i = 0; i < 2000; i++) warnOnce('', `text ${i}`);
    emit.mockClear();
    warnOnce('', 'text 0');
    expect(emit).toHaveBeenCalledTimes(1);
  });
});
