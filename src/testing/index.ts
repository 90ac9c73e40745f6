/**
 * Virtual time, waiting for tasks without sleeping, steps in a fixed order, and a stall on demand.
 *
 * @module offloop/testing
 */
export { assertCheckpoints } from './assert-checkpoints.ts';
export { blockLoop } from './block-loop.ts';
export { MockClock } from './mock-clock.ts';
export type { MockClockOptions } from './mock-clock.ts';
export { Sequencer } from './sequencer.ts';
export { waitAllTasksBlocked } from './wait-all-blocked.ts';
