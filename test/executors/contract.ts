/**
 * What every executor promises, as tests: one suite, run against each of them. The numbers in the titles are those of the
 * specification; README.md says which lines of it mean nothing for this library, and why.
 */
import { describe } from 'vitest';
import type { Executor, PoolOptions } from '../../src/index.ts';
import { basics } from './contract/basics.ts';
import { batches } from './contract/batches.ts';
import { cancellation } from './contract/cancellation.ts';
import { data } from './contract/data.ts';
import { failure } from './contract/failure.ts';
import { scheduling } from './contract/scheduling.ts';
import { callbacks } from './contract/callbacks.ts';
import { context } from './contract/context.ts';
import { shutdown } from './contract/shutdown.ts';
import { streams } from './contract/streams.ts';
import { lifecycle } from './contract/lifecycle.ts';
import { makeSubject } from './contract/subject.ts';
import type { Traits } from './contract/subject.ts';

export function contract(name: string, make: (options?: PoolOptions) => Executor, traits: Traits): void {
  // oxlint-disable-next-line vitest/valid-title -- it is the name of the executor
  describe(name, () => {
    const subject = makeSubject(make, traits);
    describe('functions', () => {
      basics(subject);
    });
    describe('data', () => {
      data(subject);
    });
    describe('scheduling', () => {
      scheduling(subject);
    });
    describe('many jobs at once', () => {
      batches(subject);
    });
    describe('cancellation and time limits', () => {
      cancellation(subject);
    });
    describe('failure', () => {
      failure(subject);
    });
    describe('streams', () => {
      streams(subject);
    });
    describe('callbacks', () => {
      callbacks(subject);
    });
    describe('carried context', () => {
      context(subject);
    });
    describe('the life of workers, and figures', () => {
      lifecycle(subject);
    });
    describe('shutdown', () => {
      shutdown(subject);
    });
  });
}
