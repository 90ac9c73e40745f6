/** The watchdog against a thread that is played: its heartbeat, its answers and the time are the test's. */
import { expect, test } from 'vitest';
import { Heartbeat } from '../../src/monitor/heartbeat.ts';
import type { Profiled } from '../../src/monitor/profile.ts';
import type { Sample } from '../../src/monitor/sample.ts';
import { SourceMaps } from '../../src/monitor/source-maps.ts';
import type { ThreadTime } from '../../src/monitor/thread-clock.ts';
import type { Told } from '../../src/monitor/told.ts';
import { Watchdog } from '../../src/monitor/watchdog.ts';
import { frame } from '../support/samples.ts';

const H = 25;

class Stage {
  now: number;
  readonly beats: Heartbeat;
  readonly told: Told[] = [];
  readonly notices: Told[] = [];
  readonly pending = new Int32Array(1);
  asks = 0;
  closed = 0;
  relaxed = 0;
  /** What the profiler saw; null: there is none. */
  profile: Promise<Profiled> | null = null;
  /** What the thread answers, at once; null: it does not. */
  answer: ((at: number) => Sample) | null = (at) => ({ asked: at, at: at + 0.1, frames: [frame('hot', 7)], callback: '1' });
  cpu = { run: 0, queued: 0 };
  /** How often its CPU time was read. */
  reads = 0;
  #lastBeat: number;
  #next: number;
  readonly watchdog: Watchdog;

  constructor(inspect = true, within = false, beats = new Heartbeat(), now = 10_000, profile: Promise<Profiled> | null = null) {
    this.beats = beats;
    this.now = this.#lastBeat = this.#next = now;
    this.beats.loopStart = 1;
    this.beats.beat(this.now);
    const ask = (heard: (sample: Sample | null) => void): void => {
      this.asks++;
      if (this.answer !== null) heard(this.answer(this.now));
    };
    const teller = { block: (t: Told) => void this.told.push(t), stillBlocked: (t: Told) => void this.notices.push(t) };
    const link = inspect ? { ask, relax: () => void this.relaxed++, close: () => void this.closed++ } : null;
    const threadTime = (): ThreadTime => (this.reads++, { ...this.cpu });
    const env = { clock: () => this.now, link, pending: this.pending, threadTime, maps: new SourceMaps(), teller };
    const profiler = { over: () => this.profile!, tick: () => {} };
    if (profile !== null) Object.assign(env, { profile: profiler });
    this.profile = profile;
    this.watchdog = new Watchdog(this.beats, { threshold: 100, heartbeat: H, debug: false, thread: within ? 3 : 0, within }, env);
  }

  /** Lets `ms` pass; the watchdog looks when it wants to. */
  pass(ms: number, { run = 0, queued = 0 } = {}): void {
    const end = this.now + ms;
    const start = { ...this.cpu };
    const from = this.now;
    while (this.#next <= end) {
      this.now = Math.max(this.now, this.#next);
      const share = (this.now - from) / ms;
      this.cpu = { run: start.run + run * share, queued: start.queued + queued * share };
      this.#next = this.now + this.watchdog.look();
    }
    this.now = end;
    this.cpu = { run: start.run + run, queued: start.queued + queued };
  }

  beat(): void {
    this.beats.beat(this.now);
    this.#lastBeat = this.now;
  }

  live(ms: number): void {
    for (let t = 0; t < ms; t += H) {
      this.pass(H);
      this.beat();
    }
  }

  /** The thread blocks, then beats. */
  block(ms: number, { run = ms, queued = 0, active = ms, ignored = 0 } = {}): void {
    this.pass(ms, { run, queued });
    this.beats.noteGap({ start: this.#lastBeat, end: this.now, active, cpu: Number.NaN, ignored });
    this.beat();
    this.live(200);
  }

  /** Nobody runs, the watchdog neither. */
  freeze(ms: number): void {
    this.now += ms;
    this.#next = Math.max(this.#next, this.now);
  }
}

test('a healthy loop is neither asked nor told of', () => {
  const stage = new Stage();
  stage.live(5000);
  expect([stage.asks, stage.told]).toEqual([0, []]);
});

test('a block is told once, with line, duration and CPU time', () => {
  const stage = new Stage();
  stage.live(100);
  stage.block(300);
  expect(stage.told).toHaveLength(1);
  expect(stage.told[0]).toMatchObject({
    duration: 300,
    cause: 'javascript',
    confidence: 'exact',
    where: { fn: 'hot', line: 7 },
    threshold: 100,
  });
  expect(stage.told[0]!.samples).toBeGreaterThan(10);
  expect(stage.told[0]!.cpu.run).toBeGreaterThan(200);
});

test('a pause below the threshold, and a busy time below it in a longer pause, are not told', () => {
  const stage = new Stage();
  stage.pass(90, { run: 90 });
  stage.beat();
  stage.live(200);
  stage.block(130, { active: 80, run: 80 });
  expect(stage.told).toEqual([]);
});

test('a block that nobody asked about, because it was over before the watchdog woke, is told without a line', () => {
  const stage = new Stage();
  stage.live(100);
  stage.beats.noteGap({ start: stage.now, end: stage.now + 150, active: 150, cpu: 150, ignored: 0 });
  stage.freeze(150);
  stage.beat();
  stage.live(200);
  expect(stage.told).toMatchObject([{ duration: 150, confidence: 'none', samples: 0 }]);
});

test('while the loop stays blocked that is told after 1, 5 and 30 seconds', () => {
  const stage = new Stage();
  stage.pass(40_000, { run: 40_000 });
  expect(stage.notices.map(({ duration }) => Math.round(duration / 1000))).toEqual([1, 5, 30]);
  expect(stage.notices[0]).toMatchObject({ where: { fn: 'hot' } });
  expect(stage.told).toEqual([]);
});

test('a process that was stopped blames no line and no task', () => {
  const stage = new Stage();
  stage.live(100);
  stage.freeze(2000);
  stage.pass(1);
  stage.block(5, { active: 5, run: 1 });
  stage.beats.noteGap({ start: stage.now - 2000, end: stage.now, active: 3, cpu: 1, ignored: 0 });
  stage.live(200);
  expect(stage.notices).toEqual([]);
  for (const told of stage.told) {
    expect(told).toMatchObject({ cause: 'suspended', confidence: 'none' });
    expect(told).not.toHaveProperty('where');
  }
});

test('a thread that does not answer is asked once, and the cause is native', () => {
  const stage = new Stage();
  stage.answer = null;
  stage.block(300);
  expect(stage.asks).toBe(1);
  expect(stage.told).toMatchObject([{ cause: 'native', confidence: 'none', samples: 0 }]);
});

test('without an inspector duration and cause are told all the same', () => {
  const stage = new Stage(false);
  stage.live(100);
  stage.block(300, { run: 5 });
  expect(stage.told).toMatchObject([{ duration: 300, cause: 'sync-wait', confidence: 'none' }]);
});

test('time that the user asked to ignore does not count', () => {
  const stage = new Stage();
  stage.live(100);
  stage.block(300, { ignored: 250 });
  expect(stage.told).toEqual([]);
  stage.block(300, { ignored: 150 });
  expect(stage.told).toMatchObject([{ duration: 150 }]);
});

test('a thread that ran all the time is not said to have slept, whenever it was looked at', () => {
  for (let early = 1; early < 40; early++) {
    const stage = new Stage();
    stage.live(200);
    for (let beat = 0; beat < early; beat++) {
      stage.pass(7, { run: 1 });
      stage.beat();
    }
    stage.block(110, { run: 110 });
    expect([early, stage.told[0]?.cause]).toEqual([early, 'javascript']);
  }
});

test('a question is taken back when the stall is over, and the inspector is let go a second later', () => {
  const stage = new Stage();
  stage.pass(300);
  expect(stage.relaxed).toBe(0);
  stage.block(5);
  expect([stage.relaxed, stage.closed]).toEqual([1, 0]);
  stage.live(2000);
  expect(stage.closed).toBeGreaterThan(0);
});

test('stopping tells what is known so far, and lets go of the thread', () => {
  const stage = new Stage();
  stage.pass(300, { run: 300 });
  stage.beats.noteGap({ start: 10_000, end: stage.now, active: 300, cpu: 300, ignored: 0 });
  stage.beat();
  stage.watchdog.stop();
  expect(stage.told).toMatchObject([{ duration: 300, where: { line: 7 } }]);
  expect(stage.closed).toBe(1);
});

test('one that comes in place of another tells nothing twice, and what the other had no time for', () => {
  const first = new Stage();
  first.live(100);
  first.block(300);
  first.beats.noteGap({ start: first.now, end: first.now + 200, active: 200, cpu: 200, ignored: 0 });
  const second = new Stage(true, false, first.beats);
  second.live(200);
  expect([first.told, second.told].map((told) => told.map(({ duration }) => duration))).toEqual([[300], [200]]);
});

test('from within the watched thread, being late means nothing; that the process stood still must be told', () => {
  const stage = new Stage(false, true);
  stage.live(100);
  const sleep = (): void => {
    stage.freeze(300);
    stage.beats.noteGap({ start: stage.now - 300, end: stage.now, active: 300, cpu: 2, ignored: 0 });
    stage.beat();
  };
  sleep();
  stage.live(200);
  sleep();
  stage.watchdog.stoodStill();
  stage.live(200);
  expect(stage.told.map(({ cause, thread }) => [cause, thread])).toEqual([
    ['sync-wait', 3],
    ['suspended', 3],
  ]);
});

test('a watchdog that came after the block does not say what it did not see', () => {
  const first = new Stage();
  first.live(100);
  first.beats.noteGap({ start: first.now, end: first.now + 300, active: 300, cpu: Number.NaN, ignored: 0 });
  const late = new Stage(true, false, first.beats, first.now + 400);
  late.live(200);
  expect(late.told).toMatchObject([{ duration: 300, cause: 'unknown', confidence: 'none', cpu: { runQueue: null } }]);
});

test('what waits for its profile is told without it when the watchdog stops, and once', async () => {
  let resolve!: (profiled: Profiled) => void;
  const promise = new Promise<Profiled>((r) => (resolve = r));
  const stage = new Stage(true, false, new Heartbeat(), 10_000, promise);
  stage.live(100);
  stage.block(300);
  expect(stage.told).toEqual([]);
  stage.watchdog.stop();
  resolve({ functions: [], seen: [] });
  await promise;
  expect(stage.told).toMatchObject([{ duration: 300, where: { line: 7 } }]);
});

test('of an idle program the CPU time is not read at each look; of a busy one it is', () => {
  const stage = new Stage();
  stage.live(5000);
  expect(stage.reads).toBeLessThan(30);
  const before = stage.reads;
  for (let t = 0; t < 5000; t += H) {
    stage.pass(H);
    stage.beats.noteLag(0, 5);
    stage.beat();
  }
  expect(stage.reads - before).toBeGreaterThan(80);
});

test('what the profile shows to be waiting is no part of the block, and what remains may be none', async () => {
  // Waiting from 10000 to 10090, interrupted at 10060, then work until 10210; and once more with less of it.
  const seen = [10_010, 10_060].map((at) => ({ at, idle: true }));
  const poll = { from: 10_000, to: 10_090, idle: 30 };
  for (const [end, told] of [
    [10_210, [{ duration: 120 }]],
    [10_150, []],
  ] as const) {
    const stage = new Stage(true, false, new Heartbeat(), 10_000, Promise.resolve({ functions: [], seen }));
    stage.pass(end - 10_000, { run: end - 10_090 });
    stage.beats.noteGap({ start: 10_000, end, active: end - 10_030, cpu: Number.NaN, ignored: 0, poll });
    stage.beat();
    stage.live(200);
    await new Promise((resolve) => setImmediate(resolve));
    expect(stage.told).toMatchObject(told);
    expect(stage.told).toHaveLength(told.length);
  }
});
