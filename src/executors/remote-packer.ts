/** Makes shipments of jobs: names the function, refuses what cannot travel, seals the arguments. */
import { RemoteUnsupportedError } from '../base/remote-errors.ts';
import { notCloneable } from '../wire/clone-path.ts';
import { collectTransfer, encodeValues } from '../wire/transfer.ts';
import type { Job } from './job.ts';
import { Consignment } from './remote-consignment.ts';
import { functionId, moduleVersion } from './remote-identity.ts';
import type { RemoteLink } from './remote-link.ts';
import type { RemoteSettings } from './remote-options.ts';
import { jobPurpose } from './remote-payload.ts';
import type { RemoteJob, Shipment } from './remote-protocol.ts';

export interface Packed {
  readonly shipment: Consignment;
  /** As it goes into the queue; or what stores the payload first. */
  readonly text: string | (() => Promise<string>);
}

export class Packer {
  readonly #settings: RemoteSettings;
  readonly #link: Pick<RemoteLink, 'clock' | 'payloads'>;
  readonly #from: string;
  readonly #names = new Map<number, string>();
  /** Called with the size of what was packed. */
  readonly #weighed: (job: Job, bytes: number) => void;

  constructor(
    settings: RemoteSettings,
    link: Pick<RemoteLink, 'clock' | 'payloads'>,
    from: string,
    weighed: (job: Job, bytes: number) => void,
  ) {
    this.#weighed = weighed;
    this.#settings = settings;
    this.#link = link;
    this.#from = from;
  }

  /** Throws what is wrong with the job, before it goes anywhere. */
  check(job: Job): void {
    if (job.callbacks !== null) throw unsupported(job, 'a callback cannot be called from another machine; use progress(), or a stream');
    this.#nameOf(job);
  }

  /** Of one function. Throws when one of them holds something that cannot travel. */
  pack(jobs: readonly Job[]): Packed {
    const [first] = jobs as [Job];
    const shipment = new Consignment(this.#nameOf(first), jobs);
    const { clock, payloads } = this.#link;
    const at = clock.now();
    const { ref } = first.fn;
    const fingerprint = 'fingerprint' in ref ? ref.fingerprint : undefined;
    const remote = jobs.map((job) => remoteJob(job, at));
    const content: Shipment = { from: this.#from, patience: this.#settings.patience, at, fingerprint, jobs: remote };
    try {
      const text = payloads.prepare(jobPurpose(shipment.id, shipment.fn), content);
      if (jobs.length === 1) this.#weighed(first, typeof text === 'string' ? text.length : Infinity);
      return { shipment, text };
    } catch (error) {
      throw notCloneable(first.args, 'args', error);
    }
  }

  /** The name of the function on all machines. */
  #nameOf(job: Job): string {
    const { fn } = job;
    const known = this.#names.get(fn.id);
    if (known !== undefined) return known;
    const { ref } = fn;
    if ('source' in ref)
      throw unsupported(job, 'workers run functions that they know, never code that comes with a job; define it with offload()');
    const { version, moduleId } = this.#settings;
    const made = functionId(moduleId(ref.module), ref.export, version ?? moduleVersion(ref.module));
    this.#names.set(fn.id, made);
    return made;
  }
}

function remoteJob(job: Job, at: number): RemoteJob {
  const { values, replaced } = encodeValues(job.args);
  collectTransfer(values); // marks of move() are used up: memory is copied into the network
  const { settings, name, ties } = job;
  return {
    args: values,
    encoded: replaced,
    name,
    onCancel: settings.onCancel,
    grace: settings.grace,
    timeout: settings.timeout,
    startBy: at + settings.queueTimeout,
    progress: settings.onProgress !== undefined,
    context: ties?.extras.context ?? null,
    credit: ties?.extras.credit ?? 0,
  };
}

function unsupported({ name }: Job, why: string): RemoteUnsupportedError {
  return new RemoteUnsupportedError(`Job ${JSON.stringify(name)} cannot run on a remote worker: ${why}`);
}
