/** Followed workers, played: their heartbeats and answers are the test's, and so is the time. */
import { expect, test } from 'vitest';
import { HEARTBEAT_ROOM } from '../../src/base/worker-loops.ts';
import { Followed } from '../../src/monitor/followed.ts';
import { Heartbeat } from '../../src/monitor/heartbeat.ts';
import { SourceMaps } from '../../src/monitor/source-maps.ts';
import type { FromWatchdog } from '../../src/monitor/thread-protocol.ts';
import type { Told } from '../../src/monitor/told.ts';
import { frame } from '../support/samples.ts';

function start(inspect = true) {
  const told: Told[] = [];
  const sent: Extract<FromWatchdog, { type: 'ask' }>[] = [];
  const stage = { now: 10_000 };
  const notices: Told[] = [];
  const teller = { block: (t: Told) => void told.push(t), stillBlocked: (t: Told) => void notices.push(t) };
  const send = (message: FromWatchdog): void => void sent.push(message as (typeof sent)[0]);
  const options = { threshold: 100, heartbeat: 25, debug: false };
  const followed = new Followed(options, { clock: () => stage.now, maps: new SourceMaps(), teller }, inspect ? send : null);
  const worker = (thread: number): Heartbeat => {
    const beats = new Heartbeat(new SharedArrayBuffer(HEARTBEAT_ROOM));
    beats.loopStart = -Infinity;
    beats.rest();
    followed.follow(thread, beats.shared);
    return beats;
  };
  /** Looks every 25 ms, as long as the watchdog would. */
  const pass = (ms: number): void => {
    for (const end = stage.now + ms; stage.now < end;) {
      stage.now = Math.min(end, stage.now + 25);
      followed.look();
    }
  };
  const gap = (beats: Heartbeat, begin: number): void => {
    beats.noteGap({ start: begin, end: stage.now, active: stage.now - begin, cpu: stage.now - begin, ignored: 0 });
    beats.beat(stage.now);
  };
  return { told, notices, sent, stage, followed, worker, pass, gap };
}

test('a worker that rests is no block, however long, and wants no look', () => {
  const { followed, worker, pass, told, sent } = start();
  expect([followed.any, followed.look()]).toEqual([false, Infinity]);
  worker(4);
  pass(10_000);
  expect([followed.any, followed.calm, followed.idle, followed.look(), told, sent]).toEqual([true, true, true, Infinity, [], []]);
});

test('a block is told with the number of the worker, its line and its job, asked for through the watched thread', () => {
  const { stage, worker, pass, gap, followed, told, sent } = start();
  worker(3);
  const beats = worker(4);
  const begin = stage.now;
  beats.beat(begin);
  pass(100);
  expect(sent[0]).toMatchObject({ type: 'ask', thread: 4 });
  expect(followed.calm).toBe(false);
  const value = JSON.stringify({ frames: [frame('hot', 7)], callback: '1', at: stage.now, task: { id: 9, name: 'crunch' } });
  followed.answer({ type: 'answer', id: sent[0]!.id, asked: stage.now, value });
  pass(50);
  gap(beats, begin);
  pass(100);
  expect(told).toMatchObject([{ thread: 4, duration: 150, confidence: 'exact', where: { fn: 'hot', line: 7 }, task: { name: 'crunch' } }]);
});

test('one without a gap is forgotten: nobody was held up', () => {
  const { stage, worker, pass, told, notices } = start();
  const beats = worker(4);
  beats.beat(stage.now);
  pass(6000);
  beats.rest();
  pass(100);
  expect([told, notices]).toEqual([[], []]);
});

test('without an answer, or without an inspector, duration and cause are told all the same', () => {
  for (const inspect of [true, false]) {
    const { stage, worker, pass, gap, followed, told, sent } = start(inspect);
    const beats = worker(4);
    const begin = stage.now;
    beats.beat(begin);
    pass(200);
    expect(sent.length).toBe(inspect ? 1 : 0);
    for (const { id } of sent) followed.answer({ type: 'answer', id, asked: 0, value: null });
    followed.answer({ type: 'answer', id: 999, asked: 0, value: null });
    gap(beats, begin);
    pass(100);
    expect(told).toMatchObject([{ thread: 4, duration: 200, confidence: 'none' }]);
  }
});

test('what a worker noted is told when it goes, and at the end', () => {
  const { stage, worker, gap, pass, followed, told } = start();
  for (const thread of [4, 5]) {
    const beats = worker(thread);
    const begin = stage.now;
    beats.beat(begin);
    pass(120);
    gap(beats, begin);
  }
  followed.unfollow(4);
  followed.unfollow(4);
  expect(told.map(({ thread }) => thread)).toContain(4);
  followed.stop();
  expect(told.map(({ thread }) => thread)).toEqual([4, 5]);
  expect(followed.any).toBe(false);
});
