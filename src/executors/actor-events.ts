/**
 * What is told about the calls of actors on `node:diagnostics_channel`: constructing the object, calling a method, reading a
 * property. As for jobs (`job-events.ts`), each of these points costs one read of `hasSubscribers` while nobody has subscribed.
 */
import { channel } from 'node:diagnostics_channel';
import type { Channel } from 'node:diagnostics_channel';
import type { CallEnd } from './actor-stats.ts';

/** What all messages about a call have in common. */
export interface ActorCallEvent {
  /** The same object in all messages about one call, for whoever keeps something about it in a WeakMap. */
  readonly call: object;
  /** The actor's name. */
  readonly actor: string;
  /** Of the method or property; `constructor` while the object is made. */
  readonly name: string;
}

/** `offloop:actor:call:started`: published in the course of the call, in its context. */
export interface ActorCallStartedEvent extends ActorCallEvent {
  /**
   * A subscriber may set it to an OpenTelemetry context: then that one travels to the worker with the call, instead of the one
   * that is active where it is made.
   */
  context: unknown;
}

/** `offloop:actor:call:ended`: once for each call that was started. Of a generator: when it has begun. */
export interface ActorCallEndedEvent extends ActorCallEvent {
  readonly outcome: CallEnd;
  /** Milliseconds from the call to its answer. */
  readonly callTime: number;
  /** What it failed with; undefined otherwise. */
  readonly error: unknown;
}

/** A call, as far as it is told of. */
export interface ToldCall {
  readonly actor: string;
  readonly name: string;
  /** On the scale of `performance.now()`. */
  readonly at: number;
  /** Somebody made it; else it belongs to another one (the items of a stream), or to the end of the actor. */
  readonly made: boolean;
}

export const callStarted: Channel = channel('offloop:actor:call:started');
export const callEnded: Channel = channel('offloop:actor:call:ended');

/** Returns the context that a subscriber wants to travel with the call; undefined: the active one. */
export function tellCallStarted(call: ToldCall): unknown {
  if (!call.made) return undefined;
  const event: ActorCallStartedEvent = { call, actor: call.actor, name: call.name, context: undefined };
  callStarted.publish(event);
  return event.context;
}

export function tellCallEnded(call: ToldCall, outcome: CallEnd, error: unknown): void {
  if (!call.made) return;
  const { actor, name, at } = call;
  const event: ActorCallEndedEvent = { call, actor, name, outcome, callTime: performance.now() - at, error };
  callEnded.publish(event);
}
