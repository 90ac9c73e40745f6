/**
 * A span for each call of an actor, from the call to its answer: child of the span that is active where it is made, and parent
 * of whatever the method traces in its worker, when OpenTelemetry is set up there, too.
 */
import type { Span, Tracer } from '@opentelemetry/api';
import type { ActorCallEndedEvent, ActorCallStartedEvent } from '../executors/actor-events.ts';
import { recordFailure } from './job-spans.ts';
import { listen } from './listen.ts';

type Api = typeof import('@opentelemetry/api');

/** Returns what ends it. */
export function traceActors(api: Api, tracer: Tracer): () => void {
  /** Of calls that have not ended. Weak: whoever began to listen in between hears the one without the other. */
  const spans = new WeakMap<object, Span>();
  const started = (event: ActorCallStartedEvent): void => {
    const { context, trace } = api;
    const name = `${event.actor}.${event.name}`;
    const attributes = { 'code.function.name': name, 'offloop.actor.name': event.actor };
    const span = tracer.startSpan(name, { attributes }, context.active());
    spans.set(event.call, span);
    event.context = trace.setSpan(context.active(), span);
  };
  const ended = ({ call, outcome, error }: ActorCallEndedEvent): void => {
    const span = spans.get(call);
    if (span === undefined) return;
    spans.delete(call);
    span.setAttribute('offloop.call.outcome', outcome);
    if (outcome === 'failed') recordFailure(api, span, error);
    span.end();
  };
  return listen({ 'offloop:actor:call:started': started, 'offloop:actor:call:ended': ended });
}
