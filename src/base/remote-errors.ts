/** What can go wrong between machines. Exported by `offloop/remote`. */
import { brandAll, BrokenResourceError, OffloopError } from './errors.ts';

/** A remote job is gone from the server although nobody took its result: the server was wiped, or lost its memory. It may or may not have run. */
export class RemoteJobLostError extends BrokenResourceError {
  readonly job: string;

  constructor(message: string, job: string, options?: ErrorOptions) {
    super(message, { ...options, code: 'OFFLOOP_REMOTE_JOB_LOST' });
    this.job = job;
  }
}

/** The server of a remote executor cannot be used: unreachable for longer than `maxOutage`, or it refuses this client. */
export class RemoteUnavailableError extends BrokenResourceError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, { ...options, code: 'OFFLOOP_REMOTE_UNAVAILABLE' });
  }
}

/** What arrived through the server was not made by this program: a stranger's data, another format, or a wrong signature. */
export class RemoteRefusedError extends OffloopError {
  constructor(message: string, options?: ErrorOptions) {
    super('OFFLOOP_REMOTE_REFUSED', message, options);
  }
}

/** A remote executor cannot do this at all: callbacks, inline functions, shared or transferred memory, a job for each worker. */
export class RemoteUnsupportedError extends OffloopError {
  constructor(message: string, options?: ErrorOptions) {
    super('OFFLOOP_REMOTE_UNSUPPORTED', message, options);
  }
}

brandAll({ RemoteJobLostError, RemoteUnavailableError, RemoteRefusedError, RemoteUnsupportedError });
