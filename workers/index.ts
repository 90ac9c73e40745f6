/**
 * For use inside an offloaded function.
 *
 * @module offloop/worker
 */
export { checkCancelled, currentJob, progress } from './job.ts';
export type { CurrentJob } from './job.ts';
