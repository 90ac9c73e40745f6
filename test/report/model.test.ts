import { expect, test } from 'vitest';
import { toLine } from '../../src/report/model.ts';
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
