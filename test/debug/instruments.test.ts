import { channel } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { background } from '../../src/core/background.ts';
import { gather } from '../../src/core/gather.ts';
import type { Instrument } from '../../src/core/probe.ts';
import { sleep } from '../../src/core/sleep.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import type { Task } from '../../src/core/task.ts';
import { moveOnAfter } from '../../src/core/timeout.ts';
import { refusal, virtually } from '../support/virtual.ts';
import '../../src/debug/set-debug.ts';

function recorder(log: string[]): Required<Instrument> {
  const note = (what: string) => (t: Task<unknown>, on?: string) =>
    void log.push(`${t.name} ${what}${on === undefined ? '' : ` on ${on}`}`);
  return {
    runStarted: () => void log.push('run started'),
    runEnded: () => void log.push('run ended'),
    taskSpawned: note('spawned'),
    taskBlocked: note('blocked'),
    taskResumed: note('resumed'),
    taskExited: note('exited'),
    slow: ({ duration }) => void log.push(`slow ${duration}`),
  };
}

describe('an instrument', () => {
  it('hears of blocks that a monitor has seen, while its run lasts', async () => {
    const log: string[] = [];
    const block = channel('offloop:block');
    await virtually(() => block.publish({ duration: 135 }), {
      instruments: [{ slow: ({ duration }) => void log.push(`slow ${duration}`) }],
    });
    block.publish({ duration: 300 });
    expect(log).toEqual(['slow 135']);
  });

  it('hears of every task and each of its waits', async () => {
    const log: string[] = [];
    await virtually(
      () =>
        withTaskGroup((tg) => void tg.spawn(() => sleep(5), { name: 'child' }), {
          name: 'crew',
        }),
      { instruments: [recorder(log)] },
    );
    expect(log).toEqual([
      'run started',
      'main spawned',
      'child spawned',
      'child blocked on sleep until +5 ms',
      'main blocked on task group "crew"',
      'child resumed',
      'child exited',
      'main resumed',
      'main exited',
      'run ended',
    ]);
  });

  it('hears of each wait of a task that does several things, and of one that is cancelled', async () => {
    const log: string[] = [];
    await virtually(() => moveOnAfter(3, () => gather([() => sleep(5), () => sleep(1)])), { instruments: [recorder(log)] });
    expect(log.slice(2, -2)).toEqual([
      'main blocked on sleep until +5 ms',
      'main blocked on sleep until +1 ms',
      'main resumed',
      'main resumed',
    ]);
  });

  it('hears of failed and background tasks, and ends before the run resolves', async () => {
    const log: string[] = [];
    const run = virtually(() => void background(() => sleep(100), { name: 'late' }), { instruments: [recorder(log)] });
    await run;
    expect(log.slice(-2)).toEqual(['late exited', 'run ended']);
    await virtually(() => Promise.reject(new Error('boom')), { instruments: [recorder(log)] }).catch(() => {});
    expect(log.slice(-2)).toEqual(['main exited', 'run ended']);
  });

  it('that throws is removed with one report, and the others go on (IN-15)', async () => {
    class Faulty implements Instrument {
      heard = 0;
      taskSpawned(): void {
        this.heard++;
        throw new Error('of the instrument');
      }
    }
    const log: string[] = [];
    const faulty = new Faulty();
    const reports = await virtually(
      async ({ reports }) => {
        await withTaskGroup((tg) => void [tg.spawn(() => sleep(1)), tg.spawn(() => sleep(2))]);
        return reports;
      },
      { instruments: [faulty, recorder(log)] },
    );
    expect(faulty.heard).toBe(1);
    expect(reports).toEqual([{ message: 'Instrument Faulty threw in taskSpawned and was removed', error: new Error('of the instrument') }]);
    expect(log.filter((line) => line.endsWith('spawned'))).toHaveLength(3);
  });

  it('may lack any hook (IN-17)', async () => {
    const exited: string[] = [];
    await virtually(() => sleep(1), {
      instruments: [{}, { taskExited: (t) => void exited.push(t.name) }, Object.create(null) as Instrument],
    });
    expect(exited).toEqual(['main']);
  });

  it('hears only of its own run', async () => {
    const log: string[] = [];
    await Promise.all([virtually(() => sleep(1), { instruments: [recorder(log)] }), virtually(() => sleep(1))]);
    expect(log.filter((line) => line === 'main spawned')).toHaveLength(1);
  });

  it('is called as a method', async () => {
    const self: unknown[] = [];
    const instrument: Instrument = {
      runStarted() {
        self.push(this);
      },
    };
    await virtually(() => {}, { instruments: [instrument] });
    expect(self).toEqual([instrument]);
  });
});

const bad: [string, unknown, string][] = [
  ['no list', {}, 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.instruments to be an array of instruments, got {} (object)'],
  ['what is no instrument', [null], 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.instruments[0] to be an object, got null'],
]; // prettier-ignore
it.each(bad)('%s is refused', async (_what, instruments, message) => {
  expect(await refusal(() => virtually(() => {}, { instruments: instruments as never }))).toBe(message);
});
