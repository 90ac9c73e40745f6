/** @module offloop/testing: virtual time, and waiting for tasks without sleeping. */
export { MockClock } from './mock-clock.ts';
export type { MockClockOptions } from './mock-clock.ts';
export { waitAllTasksBlocked } from './wait-all-blocked.ts';
