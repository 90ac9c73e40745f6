/**
 * What an actor's two sides say to each other. comlink carries it: a request is the one argument of a remote call, a reply is
 * its value, so comlink's ids tie the two together. Errors are replies like any other, because comlink keeps only their text.
 */
import type { CallbackPlace } from './callback-mark.ts';
import type { Encoded } from './error-codec.ts';
import type { Carried } from './protocol.ts';

/** How the worker finds the class, and what it must know of the program. */
export interface ActorHello {
  readonly module: string;
  readonly export: string;
  readonly fingerprint: string;
  readonly hints: object;
}

type Asks<Op extends string, Args, What> = readonly [
  op: Op,
  id: number,
  args: Args,
  coded: boolean,
  what: What,
  callbacks: readonly CallbackPlace[],
  /** Of the call, where there is any. */
  context?: Carried,
];

/** `id` numbers the calls of one actor; `coded` = instances of registered classes among the arguments stand as plain data. */
export type ActorRequest =
  | Asks<'spawn', readonly unknown[], ActorHello>
  | Asks<'call', readonly unknown[], string>
  | Asks<'get', null, string>
  /** The next items of a stream, `most` at once. */
  | readonly [op: 'pull', id: number, args: null, coded: false, pull: { readonly stream: number; readonly most: number }]
  | readonly [op: 'close', id: number, args: null, coded: false, stream: number]
  /** `id` is that of the call that shall stop. */
  | readonly [op: 'cancel', id: number, args: null, coded: false, reason: Encoded]
  | readonly [op: 'release', id: number, args: null, coded: false, nothing: null];

/** From the worker: calls a function that was passed to the actor, or says that nobody there can call it any more. */
export type CallbackRequest = readonly [op: 'callback' | 'forget', callback: number, args: readonly unknown[], coded: boolean];

/** The object's own properties: what the loop cannot know from the class. True = a function. */
export type ActorFields = Readonly<Record<string, boolean>>;

export interface ActorBatch {
  readonly items: readonly unknown[];
  readonly coded: boolean;
  /** null = there may be more; after an error there is nothing more. */
  readonly end: 'done' | { readonly thrown: Encoded } | null;
}

/** `fields` comes along when the object has got new ones. 'refused' = the request could not be cloned, and was not sent. */
export type ActorReply =
  | readonly [kind: 'value' | 'coded', value: unknown, fields?: ActorFields | undefined]
  | readonly [kind: 'error' | 'load-failed', thrown: Encoded, fields?: ActorFields | undefined]
  | readonly [kind: 'stream', stream: number, fields?: ActorFields | undefined]
  | readonly [kind: 'batch', batch: ActorBatch, fields?: ActorFields | undefined]
  | readonly [kind: 'refused', error: Error];
