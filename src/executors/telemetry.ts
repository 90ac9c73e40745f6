/**
 * OpenTelemetry's trace context across the hop to a worker. Its API keeps what a program registered in one global object, so
 * there is nothing to import: a program that registered no context manager and no propagator costs one property read per job,
 * and the API need not be installed.
 */
interface ContextManager {
  active(): unknown;
  with<R>(context: unknown, fn: () => R): R;
}
interface Propagator {
  inject(context: unknown, carrier: object, setter: object): void;
  extract(context: unknown, carrier: object, getter: object): unknown;
}
interface Api {
  readonly context?: ContextManager;
  readonly propagation?: Propagator;
}
type Headers = Record<string, string>;

/** Of every version 1 of the API. */
const key: unique symbol = Symbol.for('opentelemetry.js.api.1') as never;
const host = globalThis as { [key]?: Api };

const setter = {
  set: (carrier: Headers, name: string, value: string): void => {
    carrier[name] = value;
  },
};
const getter = {
  keys: (carrier: Headers): string[] => Object.keys(carrier),
  get: (carrier: Headers, name: string): string | undefined => (Object.hasOwn(carrier, name) ? carrier[name] : undefined),
};

/** What the propagator writes about `trace`, or about the active context (`traceparent`, `tracestate`, …); null when that is nothing. */
export function headersOfTrace(trace?: unknown): Headers | null {
  const api = host[key];
  if (api?.context === undefined || api.propagation === undefined) return null;
  const headers: Headers = {};
  api.propagation.inject(trace ?? api.context.active(), headers, setter);
  return Object.keys(headers).length === 0 ? null : headers;
}

/** Runs `fn` with the context that the headers describe as the active one; as it is, where nobody registered OpenTelemetry. */
export function withHeaders<R>(headers: Readonly<Headers>, fn: () => R): R {
  const api = host[key];
  if (api?.context === undefined || api.propagation === undefined) return fn();
  return api.context.with(api.propagation.extract(api.context.active(), headers, getter), fn);
}
