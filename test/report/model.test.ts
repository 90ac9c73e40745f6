import { expect, test } from 'vitest';
import { toLine, toNoteLine } from '../../src/report/model.ts';
import { isLine } from '../../src/report/shape.ts';
import { told } from '../support/samples.ts';

test('a line is versioned, plain, and says what the report says', () => {
  const line = toLine({ ...told, at: 1000 }, 7);
  expect(JSON.parse(JSON.stringify(line))).toEqual(line);
  expect(line).toMatchObject({
    v: 1,
    type: 'block',
    pid: process.pid,
    thread: 0,
    start: 1000,
    end: 1135,
    ms: 135,
    threshold: 100,
    seen: 7,
  });
  expect(line).toMatchObject({
    cause: 'javascript',
    confidence: 'exact',
    callbacks: 1,
    cpu: { run: 131, runQueue: 0, gc: 4 },
    samples: 13,
  });
  expect(line.where).toBe(told.where);
});

test('the type tells what is no ordinary block', () => {
  expect(toLine({ ...told, cause: 'suspended' }, 1).type).toBe('suspended');
  expect(toLine({ ...told, cause: 'startup' }, 1).type).toBe('startup');
  expect(toLine(told, 1, true).type).toBe('still-blocked');
});

test('the samples of a block stand in its line', () => {
  const stacks = [{ ms: 100, count: 9, frames: told.stack! }];
  expect(toLine({ ...told, stacks }, 1).stacks).toBe(stacks);
  expect(toLine({ ...told, stacks: [] }, 1)).not.toHaveProperty('stacks');
});

test('what is no block is a line too, and says of which process', () => {
  const end = toNoteLine({ type: 'end', at: 5 }, 2);
  const start = toNoteLine({ type: 'start', at: 5, command: ['a.js'], mode: 'watch', threshold: 100, heartbeat: 25 }, 0);
  expect(end).toEqual({ v: 1, pid: process.pid, thread: 2, type: 'end', at: 5 });
  expect(start).toMatchObject({ type: 'start', node: process.version, platform: process.platform, cwd: process.cwd(), command: ['a.js'] });
  for (const line of [start, end]) expect(isLine(line)).toBe(true);
});
