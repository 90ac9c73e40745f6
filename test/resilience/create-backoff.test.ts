import { expect, it } from 'vitest';
import { CreateBackoff } from '../../src/resilience/create-backoff.ts';

it('waits 50 ms after a failure, twice as long after each that follows, up to 5 s', () => {
  const backoff = new CreateBackoff();
  const waits = Array.from({ length: 9 }, () => {
    backoff.failed(backoff.round, 1000, 'why');
    return backoff.until - 1000;
  });
  expect(waits).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  expect(backoff.error).toBe('why');
});

it('attempts that were under way together fail of one cause, and count once', () => {
  const backoff = new CreateBackoff();
  const { round } = backoff;
  backoff.failed(round, 0, 'first');
  backoff.failed(round, 30, 'second');
  expect([backoff.until, backoff.error]).toEqual([50, 'second']);
});

it('a success ends it', () => {
  const backoff = new CreateBackoff();
  backoff.failed(backoff.round, 0, 'x');
  backoff.failed(backoff.round, 100, 'x');
  backoff.succeeded();
  expect([backoff.until, backoff.error]).toEqual([-Infinity, undefined]);
  backoff.failed(backoff.round, 1000, 'y');
  expect(backoff.until).toBe(1050);
});
