import { Semaphore } from './semaphore.ts';

/** A semaphore whose value never rises above what it started with: releasing too often is an error, not a wider limit. */
export class BoundedSemaphore extends Semaphore {
  constructor(value: number = 1) {
    super(value, { max: value });
  }
}
