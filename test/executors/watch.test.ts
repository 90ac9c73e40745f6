import { describe, expect, it, vi } from 'vitest';
import { HELD_UP, Watch } from '../../src/executors/watch.ts';
import { fakeTime } from '../support/fake-time.ts';

const pass = fakeTime();

describe('Watch', () => {
  it('looks again and again while there is something to look after', async () => {
    const look = vi.fn<() => boolean>().mockReturnValueOnce(true).mockReturnValueOnce(true).mockReturnValue(false);
    const watch = new Watch(look);
    watch.start();
    watch.start();
    await pass(10 * HELD_UP);
    expect([look.mock.calls.length, vi.getTimerCount()]).toEqual([3, 0]);
    watch.start();
    await pass(10 * HELD_UP);
    expect(look).toHaveBeenCalledTimes(4);
  });

  it('can be stopped, and started again', async () => {
    const look = vi.fn<() => boolean>().mockReturnValue(true);
    const watch = new Watch(look);
    watch.start();
    watch.stop();
    watch.stop();
    await pass(10 * HELD_UP);
    expect([look.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0]);
    watch.start();
    await pass(HELD_UP);
    expect(look).toHaveBeenCalledTimes(1);
    watch.stop();
  });
});
