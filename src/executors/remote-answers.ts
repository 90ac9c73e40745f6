/** What a worker tells submitters: several answers to one submitter go in one message. */
import type { Answer } from './remote-protocol.ts';

export type Publish = (submitter: string, text: string) => Promise<unknown>;

export class Answers {
  readonly #publish: Publish;
  readonly #crowded: () => boolean;
  readonly #waiting = new Map<string, Answer[]>();
  readonly #underWay = new Set<Promise<unknown>>();
  #planned = false;

  /** `crowded`: so many jobs run here that an answer may wait for others, to the end of the turn of the loop. */
  constructor(publish: Publish, crowded: () => boolean) {
    this.#publish = publish;
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
      const sent = this.#publish(submitter, JSON.stringify(answers)).catch(() => {});
      this.#underWay.add(sent);
      void sent.finally(() => this.#underWay.delete(sent));
    }
    this.#waiting.clear();
  }

  /** Resolves when everything has been sent. */
  async flush(): Promise<void> {
    this.#send();
    await Promise.all(this.#underWay);
  }
}
