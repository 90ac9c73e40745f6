import workerpool from 'workerpool';

workerpool.worker({ noop: (k) => k });
