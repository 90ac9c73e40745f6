import { expect, test } from 'vitest';
import { Heartbeat } from '../../src/monitor/heartbeat.ts';
import { Recorder } from '../../src/monitor/recorder.ts';
import type { Moment } from '../../src/monitor/recorder.ts';
import { Teller } from '../../src/monitor/teller.ts';
import type { Presenter } from '../../src/monitor/told.ts';
import { told } from '../support/samples.ts';

const presenter: Presenter = {
  block: () => 'block',
  stillBlocked: () => 'still',
  line: (_, seen, still) => `${still ? 'still' : 'block'} ${seen}`,
  note: (note) => (note.type === 'executors' ? JSON.stringify(note.executors) : note.type),
  page: (log) => `<${log.trim().split('\n').join(' ')}>`,
};

function stage({ report = undefined as string | undefined, problem = null as string | null } = {}) {
  const it = { now: 1000, computed: 0, taking: 0, written: [] as string[], printed: [] as string[] };
  const beats = new Heartbeat();
  const clock = (): number => it.now;
  const teller = new Teller({ log: false, presenter, clock, send: () => {} });
  const write = (path: string, text: string): string | null => {
    it.written.push(`${path} ${text}`);
    it.now += it.taking;
    it.computed += it.taking / 10;
    return problem;
  };
  const fixed = { command: [], mode: 'watch', threshold: 100, heartbeat: 25, thread: 0, threadTime: () => null } as const;
  const print = (text: string): void => void it.printed.push(text);
  const recorder = new Recorder(beats, teller, { ...fixed, presenter, clock, effort: () => it.computed, report, write, print });
  const tick = (at: number, moment: Moment = 'good'): number => {
    it.now = at;
    recorder.tick(moment);
    return it.written.length;
  };
  return Object.assign(it, { recorder, teller, tick });
}

test('blocks and notices are kept, whether or not there is a log', () => {
  const { recorder, teller } = stage();
  teller.stillBlocked(told);
  teller.block(told);
  expect(recorder.page()).toBe('<start still 0 block 1>');
});

test('executors are noted when something has changed', () => {
  const { recorder } = stage();
  for (const executors of [{}, { a: { done: 1 } }, { a: { done: 1 } }, { a: { done: 2 } }]) recorder.executors(5, executors);
  expect(recorder.page()).toBe('<start {"a":{"done":1}} {"a":{"done":2}}>');
});

test('the file is there soon, and again when there is something new and it has rested', () => {
  const { tick, teller, written } = stage({ report: 'a.html' });
  expect([tick(1500), tick(2000), tick(60_000)]).toEqual([0, 1, 1]); // nothing new for less than a minute
  teller.block(told);
  expect([tick(60_100, 'bad'), tick(60_100)]).toEqual([1, 2]);
  teller.block(told);
  expect([tick(61_000), tick(65_100)]).toEqual([2, 3]);
  expect(written.at(-1)).toMatch(/^a\.html <start block 1 block 2 /);
});

test('a loop that is blocked again and again gets its file too, though there is never a good moment', () => {
  const { tick, teller } = stage({ report: 'a.html' });
  expect([tick(2000, 'bad'), tick(6999, 'bad'), tick(7000, 'bad')]).toEqual([0, 0, 1]);
  teller.block(told);
  expect([tick(12_000, 'bad'), tick(16_999, 'bad'), tick(17_000, 'bad')]).toEqual([1, 1, 2]);
});

test('a machine that is busy does not make the file wait: what counts is what writing computes', () => {
  const it = stage({ report: 'a.html' });
  it.taking = 600; // 60 of them computing
  it.tick(2000);
  it.teller.block(told);
  expect([it.tick(8599), it.tick(8600)]).toEqual([1, 2]);
  it.taking = 9000;
  it.teller.block(told);
  it.tick(20_000);
  it.teller.block(told);
  expect([it.tick(58_999), it.tick(59_000)]).toEqual([3, 4]); // 30 seconds after it was written
});

test('without a block the file is a minute old at most', () => {
  const { tick } = stage({ report: 'a.html' });
  expect([tick(2000), tick(61_999), tick(62_000), tick(100_000), tick(122_000)]).toEqual([1, 1, 2, 2, 3]);
});

test('where writing would block the loop it is left for the end', () => {
  const { tick, teller, recorder } = stage({ report: 'a.html' });
  teller.block(told);
  expect(tick(90_000, 'never')).toBe(0);
  recorder.end();
  expect(tick(91_000, 'never')).toBe(1);
});

test('a block that lasts is in the file while it lasts, for it may be the last', () => {
  const { tick, teller, written } = stage({ report: 'a.html' });
  tick(2000);
  teller.stillBlocked(told);
  expect([tick(2010, 'bad'), tick(2020, 'bad')]).toEqual([2, 2]);
  expect(written.at(-1)).toMatch(/^a\.html <start still 0/);
});

test('without a report nothing is written', () => {
  const { tick, recorder, written } = stage();
  tick(60_000);
  recorder.end();
  expect(written).toEqual([]);
});

test('at the end it is written once more, and after that nothing is added', () => {
  const { recorder, written, tick } = stage({ report: 'a.html' });
  tick(1100);
  recorder.end();
  expect(written).toHaveLength(1);
  expect(written[0]).toMatch(/ end>$/);
  const { text } = recorder;
  tick(90_000, 'bad');
  expect(text).toMatch(/end\n$/);
});

test('a file that cannot be written is told once, with option, path and reason', () => {
  const { recorder, printed, written, tick, teller } = stage({ report: '/no/a.html', problem: 'its directory does not exist (ENOENT)' });
  tick(2000);
  teller.block(told);
  tick(90_000);
  recorder.end();
  expect(written).toHaveLength(1);
  expect(printed).toEqual([
    'offloop: the lag monitor cannot write its report (option report) to /no/a.html: its directory does not exist (ENOENT)\n',
  ]);
});
