import { expect, test } from 'vitest';
import { HEARTBEAT_ROOM } from '../../src/base/worker-loops.ts';
import { Heartbeat } from '../../src/monitor/heartbeat.ts';

const gap = (start: number) => ({ start, end: start + 100, active: 90, cpu: 80, ignored: 0 });

test('what is known of a gap only sometimes is there, or left out', () => {
  const beat = new Heartbeat(new SharedArrayBuffer(HEARTBEAT_ROOM));
  const full = { ...gap(1), queued: 7, poll: { from: 1, to: 2, idle: 0.5 } };
  for (let n = 0; n < 16; n++) beat.noteGap(full); // to the end of its room
  beat.noteGap(gap(2));
  expect(beat.gapsSince(15)).toEqual([full, gap(2)]);
});

test('what one side writes, the other side reads', () => {
  const main = new Heartbeat();
  const watchdog = new Heartbeat(main.shared);
  main.beat(12.5);
  main.gc = 3;
  main.loopStart = 7;
  main.ignore(4);
  main.ignore(5);
  main.ignoring = true;
  expect(watchdog.last).toEqual({ count: 1, at: 12.5 });
  expect([watchdog.gc, watchdog.loopStart, watchdog.ignored, watchdog.ignoring]).toEqual([3, 7, 9, true]);
});

test('gaps are read from where the reader left off', () => {
  const beat = new Heartbeat();
  [1, 2, 3].forEach((start) => beat.noteGap(gap(start)));
  expect(beat.gapsSince(1)).toEqual([gap(2), gap(3)]);
  expect(beat.gapsSince(3)).toEqual([]);
});

test('a reader that stayed away for long gets the newest sixteen gaps', () => {
  const beat = new Heartbeat();
  for (let start = 0; start < 40; start++) beat.noteGap(gap(start));
  expect(beat.gapsSince(0).map(({ start }) => start)).toEqual(Array.from({ length: 16 }, (_, i) => 24 + i));
  expect(beat.gapCount).toBe(40);
});

test('waiting for the watchdog ends at its word, or with the time allowed', () => {
  const beat = new Heartbeat();
  expect(beat.awaitStopped(1)).toBe(false);
  beat.tellStopped();
  expect(beat.awaitStopped(1000)).toBe(true);
});

test('a call ends the sleep of the watchdog, also one that it has not begun', () => {
  const beat = new Heartbeat();
  expect([beat.called, beat.sleep(1)]).toEqual([false, true]);
  beat.call();
  expect([beat.called, beat.sleep(60_000)]).toEqual([true, false]);
});

test('how late beats were is summed up until it is taken', () => {
  const main = new Heartbeat();
  const watchdog = new Heartbeat(main.shared);
  for (const [at, late, active] of [
    [10, 0.5, 2],
    [20, 90, 95],
    [30, 1.5, 3],
  ] as const) {
    main.beat(at);
    main.noteLag(late, active);
  }
  expect(watchdog.busy).toBe(100);
  expect(watchdog.takeLag()).toEqual({ max: 90, sum: 92, beats: 3 });
  expect(watchdog.takeLag()).toEqual({ max: 0, sum: 0, beats: 0 });
  expect(watchdog.busy).toBe(100);
});

test('what the watchdog has told, and whether it is attached, is known to the other side', () => {
  const main = new Heartbeat();
  const watchdog = new Heartbeat(main.shared);
  expect([main.told, main.attached]).toEqual([0, false]);
  watchdog.told = 7;
  watchdog.attached = true;
  expect([main.told, main.attached]).toEqual([7, true]);
});

test('a heartbeat fits where a worker has room for it, and says who beats there', () => {
  const beats = new Heartbeat(new SharedArrayBuffer(HEARTBEAT_ROOM));
  const same = new Heartbeat(beats.shared);
  expect([same.osThread, same.preloaded]).toEqual([0, false]);
  beats.osThread = 4711;
  beats.preloaded = true;
  expect([same.osThread, same.preloaded]).toEqual([4711, true]);
  beats.rest();
  expect(same.last.at).toBe(Infinity);
});
