import { ThreadWorker } from 'poolifier';

export default new ThreadWorker((k) => k);
