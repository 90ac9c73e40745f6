/** What a submitter makes of the answers of workers. Anybody may have published them; and what was not heard is looked up later. */
import { realClock } from '../base/clock.ts';
import { RemoteRefusedError } from '../base/remote-errors.ts';
import type { Job } from './job.ts';
import type { Consignment } from './remote-consignment.ts';
import type { RemoteLink } from './remote-link.ts';
import { messagePurpose, resultPurpose } from './remote-payload.ts';
import type { Answer, PartialResult } from './remote-protocol.ts';
import { ranTooLong } from './remote-settle.ts';
import type { StreamReader } from './remote-stream-reader.ts';
import { warnOnce } from './warnings.ts';

/** Milliseconds beyond `timeout` and `grace` in which a worker must have answered. */
const SLACK = 30_000;

export interface HearingHost {
  /** All of its jobs are over. */
  settled(shipment: Consignment, result: PartialResult): void;
  /** Some are. */
  partly(shipment: Consignment, result: PartialResult): void;
  failed(shipment: Consignment, reason: string): void;
  /** Its result is nothing that a worker of ours wrote. */
  refused(shipment: Consignment, error: RemoteRefusedError): void;
  /** It ran too long, and its worker did not say so. */
  expired(job: Job): void;
}

export class Hearing {
  readonly #link: Pick<RemoteLink, 'payloads'>;
  readonly #shipments: ReadonlyMap<string, Consignment>;
  readonly #streams: ReadonlyMap<Job, StreamReader>;
  readonly #host: HearingHost;

  constructor(
    link: Pick<RemoteLink, 'payloads'>,
    shipments: ReadonlyMap<string, Consignment>,
    streams: ReadonlyMap<Job, StreamReader>,
    host: HearingHost,
  ) {
    this.#link = link;
    this.#shipments = shipments;
    this.#streams = streams;
    this.#host = host;
  }

  answer(answer: Answer): void {
    const shipment = this.#shipments.get(answer.id);
    if (shipment === undefined || shipment.over) return;
    if (answer.t === 'done') void this.done(shipment, answer.result, false);
    else if (answer.t === 'failed') this.#host.failed(shipment, answer.reason);
    else if (shipment.hear(answer.attempt)) this.#heard(shipment, answer);
  }

  #heard(shipment: Consignment, answer: Exclude<Answer, { t: 'done' | 'failed' }>): void {
    if (answer.t === 'part') return this.#part(shipment, answer.sealed);
    const job = shipment.jobs[answer.job];
    if (job === undefined || job.settled) return;
    if (answer.t === 'started') this.#started(shipment, job, answer.job);
    else if (answer.t === 'progress') this.#progressed(job, shipment.id, answer.sealed);
    else this.#readSoon(job);
  }

  #readSoon(job: Job): void {
    const stream = this.#streams.get(job);
    stream?.read().catch(() => {}); // again in a second, and before the end
  }

  #started(shipment: Consignment, job: Job, at: number): void {
    shipment.started(at);
    const { timeout, grace } = job.settings;
    if (timeout === Infinity) return job.stopTimer();
    // The worker keeps the limit. This is for a worker that cannot.
    job.checkAt(realClock.now() + timeout + grace + SLACK, () => {
      job.expire(ranTooLong(job));
      this.#host.expired(job);
    });
  }

  #progressed(job: Job, id: string, sealed: string): void {
    const tell = (value: unknown): void => job.progressed(value);
    try {
      const value = this.#link.payloads.unpack(messagePurpose(id), sealed);
      if (value instanceof Promise) value.then(tell, warn);
      else tell(value);
    } catch (error) {
      warn(error);
    }
  }

  #part(shipment: Consignment, sealed: string): void {
    const hear = (result: unknown): void => this.#host.partly(shipment, result as PartialResult);
    try {
      const result = this.#link.payloads.unpack(messagePurpose(shipment.id), sealed);
      if (result instanceof Promise)
        result.then(hear, () => {}); // the whole comes later
      else hear(result);
    } catch (error) {
      warn(error);
    }
  }

  /** `sure`: it stands in the queue. Otherwise the queue is asked when it is not what it should be. */
  async done(shipment: Consignment, text: string, sure: boolean): Promise<void> {
    if (shipment.over || shipment.reading) return;
    shipment.reading = true;
    try {
      const content = this.#link.payloads.unpack(resultPurpose(shipment.id), text);
      const result = (content instanceof Promise ? await content : content) as PartialResult;
      if (this.#streams.size > 0) for (const job of shipment.jobs) await this.#streams.get(job)?.read();
      if (!shipment.over) this.#host.settled(shipment, result);
      void this.#link.payloads.discard(text).catch(() => {}); // it expires by itself
    } catch (error) {
      const refused = error instanceof RemoteRefusedError;
      if (refused && sure) this.#host.refused(shipment, error);
      else if (refused) shipment.seenAt = 0;
    } finally {
      shipment.reading = false;
    }
  }
}

/** It was a stranger's. */
function warn(error: unknown): void {
  warnOnce('', (error as Error).message);
}
