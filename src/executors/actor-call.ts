/** One call of an actor: what it asks for, and the wait for its answer. */
import type { CancelledError } from '../base/errors.ts';
import { ScopeMember } from '../core/scope.ts';
import { SUBMITTED_HERE } from '../wire/error-codec.ts';
import { handOver } from '../wire/actor-endpoint.ts';
import type { ActorRequest } from '../wire/actor-protocol.ts';
import { takeCallbacks } from '../wire/callback-mark.ts';
import { encodeValues } from '../wire/transfer.ts';
import { captureContext } from './carry-context.ts';
import { captureSite, linesOf } from './job.ts';
import type { CallSite } from './job.ts';

export interface Question {
  readonly op: 'spawn' | 'call' | 'get' | 'pull' | 'close' | 'release';
  /** Shown in errors. */
  readonly name: string;
  /** Absent: none. */
  readonly args?: readonly unknown[];
  readonly what: unknown;
  /** The call in the worker that stops when this one is cancelled: for the items of a stream, the call that opened it. */
  readonly target?: number;
  /** Is asked, and waited for, in a cancelled scope too. */
  readonly cleanup?: boolean;
  /** The stacks of its errors end at the caller of this. */
  readonly below: (...args: never[]) => unknown;
}

/** Milliseconds between two captures of a calling line: each costs as much as a tenth of a call. */
const SITE_INTERVAL = 1;
const NO_CALLBACKS: readonly never[] = [];
let lastCapture = -Infinity;

export class Call extends ScopeMember {
  readonly id: number;
  /** When it was made, on the scale of `performance.now()`. */
  readonly at: number = performance.now();
  /** A method was called or a property read: what statistics count. */
  readonly counts: boolean;
  /** As `counts`, or the object was made: what is told of. */
  readonly made: boolean;
  readonly actor: string;
  readonly name: string;
  readonly target: number;
  readonly answer: Promise<unknown>;
  readonly #site: CallSite | null;
  readonly #onCancel: (call: Call, error: CancelledError) => void;
  resolve!: (answer: unknown) => void;
  reject!: (error: unknown) => void;

  constructor(id: number, actor: string, question: Question, onCancel: (call: Call, error: CancelledError) => void) {
    super();
    this.id = id;
    this.actor = actor;
    this.name = question.name;
    this.counts = question.op === 'call' || question.op === 'get';
    this.made = this.counts || question.op === 'spawn';
    this.target = question.target ?? id;
    this.#onCancel = onCancel;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    const due = this.at - lastCapture >= SITE_INTERVAL;
    if (due) lastCapture = this.at;
    this.#site = due ? captureSite(question.below) : null;
    this.answer = due ? answer : withAwaitingLines(answer);
  }

  /** The calling lines; unknown when calls come thick and fast: then the awaiting lines stand in. */
  get callSite(): string | undefined {
    return this.#site === null ? undefined : linesOf(this.#site);
  }

  override get waitingOn(): string {
    return `${this.actor}.${this.name}()`;
  }

  override onCancel(error: CancelledError): void {
    this.#onCancel(this, error);
  }
}

/** `trace` goes along instead of the active one. Throws when a codec of the user's does, or when the context of the call cannot be carried. */
export function requestOf(
  id: number,
  { op, args, what }: Question,
  numberOf: (fn: (...a: never[]) => unknown) => number,
  trace?: unknown,
): ActorRequest {
  if (args === undefined && op !== 'get') return [op, id, null, false, what] as unknown as ActorRequest;
  const carried = captureContext(trace);
  const context = carried === null ? [] : [carried];
  if (args === undefined) return [op, id, null, false, what, NO_CALLBACKS, ...context] as unknown as ActorRequest;
  const { values: plain, places } = takeCallbacks(args, numberOf);
  const { values, replaced } = encodeValues(plain);
  return handOver([op, id, values, replaced, what, places, ...context] as unknown as ActorRequest, values);
}

/**
 * Where no calling line was captured, V8 knows who awaits: an error made after an `await` sees the async frames behind it.
 * That costs nothing until a call fails.
 */
async function withAwaitingLines(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    addAwaitingLines(error);
    throw error;
  }
}

function addAwaitingLines(error: unknown): void {
  if (!(error instanceof Error) || typeof error.stack !== 'string' || error.stack.includes(SUBMITTED_HERE)) return;
  const site: CallSite = {};
  Error.captureStackTrace(site, addAwaitingLines);
  const lines = linesOf(site)
    .split('\n')
    .filter((line) => line !== '' && !line.includes('node:internal/') && !line.includes('withAwaitingLines'));
  if (lines.length > 0) error.stack += `\n${SUBMITTED_HERE}\n${lines.join('\n')}`;
}
