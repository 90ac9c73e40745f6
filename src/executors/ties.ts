/**
 * What ties a running job to the loop besides its arguments and its outcome: the items of a stream, the calls of callbacks,
 * the context it carries. Most jobs have none of these.
 */
import type { FromJob, JobExtras, ToJob } from '../wire/protocol.ts';

/** The way to the worker that has the job. */
export interface Wire {
  /** Throws what cannot be cloned. */
  post(message: ToJob, transfer: readonly object[]): void;
  /** Whether the process must stay alive for this job's sake. */
  keepAlive(on: boolean): void;
}

export interface Tie {
  /** What the worker must be told with the job. */
  readonly extras: Pick<JobExtras, 'credit' | 'callbacks' | 'context'>;
  /** The job was sent to a worker; perhaps not the first one, if the former took it and did not begin it. */
  connected?(wire: Wire): void;
  /** The running job says something; true = it was meant for this tie. */
  heard?(message: FromJob): boolean;
}

export class Ties implements Tie {
  readonly #ties: Tie[] = [];

  add(tie: Tie): void {
    this.#ties.push(tie);
  }

  get extras(): Tie['extras'] {
    return Object.assign({}, ...this.#ties.map((tie) => tie.extras)) as Tie['extras'];
  }

  connected(wire: Wire): void {
    for (const tie of this.#ties) tie.connected?.(wire);
  }

  heard(message: FromJob): boolean {
    return this.#ties.some((tie) => tie.heard?.(message));
  }
}
