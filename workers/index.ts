/** Entry 'offloop/worker': for use inside an offloaded function. */
export { checkCancelled, currentJob, progress } from './job.ts';
export type { CurrentJob } from './job.ts';
