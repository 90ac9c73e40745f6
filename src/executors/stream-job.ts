/**
 * A stream is one job, whose outcome is the end of the generator: queue, cancel, time limit and blame are those of any job.
 * What is special: it ends with the scope that made it, since nobody can be left to ask for more.
 */
import { CancelledError, isCancelled } from '../base/errors.ts';
import type { Scope, ScopeMember } from '../core/scope.ts';
import { captureSite, Job, linesOf } from './job.ts';
import type { CallSite, JobInit, JobOutcome } from './job.ts';
import type { Tie } from './ties.ts';

export class StreamJob extends Job {
  /** The scope that made the stream has ended. */
  orphaned = false;
  /** The consumer has left and waits for the end: what the generator throws while it cleans up is told to it. */
  left = false;
  cleanupFailure: { readonly error: unknown } | null = null;

  /** A stream is worth the microseconds, and its consumer awaits items, not the job. */
  readonly #site: CallSite;

  readonly #stream: { readonly isGenerator: boolean };

  constructor(tie: Tie & { readonly isGenerator: boolean }, init: JobInit) {
    super(...init);
    this.#stream = tie;
    this.#site = captureSite(init[5]);
    this.tie(tie);
  }

  override get callSite(): string {
    return linesOf(this.#site);
  }

  override moveTo(parent: Scope, wake: ScopeMember[]): void {
    if (this.own === null && this.effective === null && this.#stream.isGenerator) {
      this.orphaned = true;
      this.own = new CancelledError({ source: 'body', reason: 'the scope that made the stream has ended' });
    }
    super.moveTo(parent, wake);
  }

  override end(outcome: JobOutcome, ms = 0): boolean {
    const failed = this.left && !this.settled && !outcome.ok && outcome.error !== this.effective && !isCancelled(outcome.error);
    if (!failed) return super.end(outcome, ms);
    this.cleanupFailure = outcome;
    return super.end({ ok: false, error: this.effective }, ms);
  }
}
