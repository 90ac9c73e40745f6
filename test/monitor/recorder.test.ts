import { expect, test } from 'vitest';
import { Heartbeat } from '../../src/monitor/heartbeat.ts';
import { Recorder } from '../../src/monitor/recorder.ts';
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
  const it = { now: 1000, written: [] as string[], printed: [] as string[] };
  const beats = new Heartbeat();
  const clock = (): number => it.now;
  const teller = new Teller({ log: false, presenter, clock, send: () => {} });
  const write = (path: string, text: string): string | null => {
    it.written.push(`${path} ${text}`);
    return problem;
  };
  const fixed = { command: [], mode: 'watch', threshold: 100, heartbeat: 25, thread: 0, threadTime: () => null } as const;
  const print = (text: string): void => void it.printed.push(text);
  const recorder = new Recorder(beats, teller, { ...fixed, presenter, clock, report, write, print });
  const tick = (at: number, mayWrite = true): number => {
    it.now = at;
    recorder.tick(mayWrite);
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
  expect([tick(1500), tick(2000), tick(60_000)]).toEqual([0, 1, 1]);
  teller.block(told);
  expect([tick(60_100, false), tick(60_100)]).toEqual([1, 2]);
  teller.block(told);
  expect([tick(61_000), tick(65_100)]).toEqual([2, 3]);
  expect(written.at(-1)).toMatch(/^a\.html <start block 1 block 2 /);
});

test('a block that lasts is in the file while it lasts, for it may be the last', () => {
  const { tick, teller, written } = stage({ report: 'a.html' });
  tick(2000);
  teller.stillBlocked(told);
  expect([tick(2010, false), tick(2020, false)]).toEqual([2, 2]);
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
  tick(90_000, false);
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
