import fs from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { background } from '../../src/core/background.ts';
import { probe } from '../../src/core/probe.ts';
import { run } from '../../src/core/run.ts';
import { withTaskGroup } from '../../src/core/task-group.ts';
import { choose } from '../../src/debug/mode.ts';
import { setDebug } from '../../src/debug/set-debug.ts';
import { refusal, turns, virtually } from '../support/virtual.ts';

/** A function without a name is named by its place in debug mode. */
const nameOfSpawned = (): Promise<string> => withTaskGroup((tg) => tg.spawn(() => {}).name);
const byPlace = /^set-debug\.test\.ts:\d+$/;
const byNumber = /^Task-\d+$/;

describe('debug mode', () => {
  afterEach(() => {
    setDebug(false);
    choose(undefined as never);
    vi.unstubAllEnvs();
  });

  it('names tasks without a name by the line that made them', async () => {
    expect(await virtually(nameOfSpawned)).toMatch(byNumber);
    expect(await virtually(nameOfSpawned, { debug: true })).toMatch(byPlace);
    expect(await virtually(() => withTaskGroup((tg) => tg.spawn(() => {}, { name: 'mine' }).name), { debug: true })).toBe('mine');
  });

  it('is asked for by the environment of the moment in which the run starts (DB-11)', async () => {
    vi.stubEnv('OFFLOOP_DEBUG', '1');
    expect(await virtually(nameOfSpawned)).toMatch(byPlace);
    expect(await virtually(nameOfSpawned, { debug: false })).toMatch(byNumber);
    vi.stubEnv('OFFLOOP_DEBUG', '');
    expect(await virtually(nameOfSpawned)).toMatch(byNumber);
  });

  it('can be turned on and off while a run is under way, whatever its option says', () =>
    virtually(
      async () => {
        expect(await nameOfSpawned()).toMatch(byNumber);
        setDebug(true);
        expect(await nameOfSpawned()).toMatch(byPlace);
        setDebug(false);
        expect(await nameOfSpawned()).toMatch(byNumber);
      },
      { debug: false },
    ));

  it('that was turned on before holds for later runs and for code outside of them', async () => {
    setDebug({ stackDepth: 1 });
    expect(background(() => {}).name).toMatch(byPlace);
    expect(await virtually(nameOfSpawned)).toMatch(byPlace);
    expect(await virtually(nameOfSpawned, { debug: false })).toMatch(byNumber);
  });

  it('leaves nothing behind: after the last run that is watched nobody looks in', async () => {
    expect(probe).toBeNull();
    await Promise.all([virtually(() => turns(3), { debug: true }), virtually(() => turns(5), { instruments: [{}] })]);
    expect(probe).toBeNull();
    await virtually(() => setDebug(true));
    expect(probe).toBeNull();
    choose(undefined as never);
  });

  it('that is off captures no stack and patches nothing, before it was on and after', async () => {
    const natives = [JSON.parse, Array.prototype.sort, fs.readFileSync];
    const capture = vi.spyOn(Error, 'captureStackTrace');
    const work = (): Promise<void> =>
      withTaskGroup((tg) => {
        for (let i = 0; i < 10; i++) tg.spawn(() => turns(2));
      });
    await virtually(work);
    expect(capture).not.toHaveBeenCalled();
    await virtually(
      async () => {
        setDebug({ monitor: { log: false } });
        await work();
        expect(capture).toHaveBeenCalled();
        expect(JSON.parse).not.toBe(natives[0]);
        setDebug(false);
        capture.mockClear();
        await work();
      },
      { debug: false },
    );
    expect(capture).not.toHaveBeenCalled();
    expect([JSON.parse, Array.prototype.sort, fs.readFileSync]).toEqual(natives);
  });

  it('adds to a report where its task was made, down to stackDepth lines', async () => {
    const fail = (): unknown => background(() => Promise.reject(new Error('boom')), { name: 'stray' });
    const createdAt = async (debug: boolean | { stackDepth: number }): Promise<(string | undefined)[]> =>
      virtually(async ({ reports }) => {
        fail();
        await turns(3);
        return reports.map((r) => r.createdAt);
      }, { debug });
    expect(await createdAt(false)).toEqual([undefined]);
    expect(await createdAt(true)).toEqual([expect.stringMatching(/^ {4}at fail \(.*set-debug\.test\.ts:\d+:\d+\)\n {4}at /)]);
    expect(await createdAt({ stackDepth: 1 })).toEqual([expect.stringMatching(/^ {4}at fail \(.*set-debug\.test\.ts:\d+:\d+\)$/)]);
  }); // prettier-ignore

  it('prints it, when nobody handles the report', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    await run(
      async () => {
        background(() => Promise.reject(new Error('boom')), { name: 'stray' });
        await turns(3);
      },
      { signals: false, debug: true },
    );
    expect(error.mock.calls).toEqual([
      ['Task exception was never retrieved in task "stray"', new Error('boom'), expect.stringMatching(/^\ncreated at:\n {4}at /)],
    ]);
  });

  it.each([
    ['run', () => virtually(() => {}, { debug: 1 as never }), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected options.debug to be a boolean or an object, got 1 (number)'],
    ['run, in its options', () => virtually(() => {}, { debug: { stackDepth: NaN } }), 'RangeError OFFLOOP_OUT_OF_RANGE: Expected options.debug.stackDepth to be a whole number from 1 up, got NaN (number)'],
    ['setDebug', () => setDebug(undefined as never), 'TypeError OFFLOOP_INVALID_ARGUMENT: Expected on to be a boolean or an object, got undefined'],
  ])('what is neither on nor off is refused by %s', async (_who, call, message) => {
    expect(await refusal(call)).toBe(message);
    expect(probe).toBeNull();
  }); // prettier-ignore
});
