/** What a worker tells submitters: several answers to one submitter go in one message. */
import type { Answer } from './remote-protocol.ts';

export type Publish = (submitter: string, text: string) => Promise<unknown>;
/** Has the server publish the result of a shipment, if it has one by then; resolves with whether it had. */
export type PublishResult = (submitter: string, shipment: string) => Promise<boolean>;

export class Answers {
  readonly #publish: Publish;
  readonly #publishResult: PublishResult;
  readonly #crowded: () => boolean;
  readonly #waiting = new Map<string, Answer[]>();
  readonly #underWay = new Set<Promise<unknown>>();
  #planned = false;

  /** `crowded`: so many jobs run here that an answer may wait for others, to the end of the turn of the loop. */
  constructor(publish: Publish, publishResult: PublishResult, crowded: () => boolean) {
    this.#publish = publish;
    this.#publishResult = publishResult;
    this.#crowded = crowded;
  }

  /** Sent in this turn of the loop. A message that is lost is made up for by the submitter's next look. */
  push(submitter: string, answer: Answer): void {
    const waiting = this.#waiting.get(submitter);
    if (waiting === undefined) this.#waiting.set(submitter, [answer]);
    else waiting.push(answer);
    if (this.#planned) return;
    this.#planned = true;
    if (this.#crowded()) setImmediate(() => this.#send());
    else queueMicrotask(() => this.#send());
  }

  #send(): void {
    this.#planned = false;
    for (const [submitter, answers] of this.#waiting) {
      this.#watch(this.#publish(submitter, JSON.stringify(answers)).catch(() => {}));
    }
    this.#waiting.clear();
  }

  #watch(sent: Promise<unknown>): void {
    this.#underWay.add(sent);
    void sent.finally(() => this.#underWay.delete(sent));
  }

  /**
   * To be called when a result is about to be put into the queue. What asks the server to tell of it goes out right behind it, on
   * the same connection, so the submitter need not wait until this worker has heard that it is there; and when it was refused,
   * because another worker has the shipment, there is nothing to tell. Null in a crowd: there messages are better sent together.
   */
  resultFollows(submitter: string, shipment: string): Promise<boolean> | null {
    if (this.#crowded()) return null;
    if (this.#waiting.size > 0) this.#send(); // what was said before goes before
    const told = this.#publishResult(submitter, shipment).catch(() => false);
    this.#watch(told);
    return told;
  }

  /** Resolves when everything has been sent. */
  async flush(): Promise<void> {
    this.#send();
    await Promise.all(this.#underWay);
  }
}
