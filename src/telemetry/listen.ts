/** Several diagnostics channels at once. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** Listens until the result is called. Who publishes on a channel knows its type of message. */
export function listen(listeners: Readonly<Record<string, (message: never) => void>>): () => void {
  const all = Object.entries(listeners) as [string, (message: unknown) => void][];
  for (const [name, listener] of all) subscribe(name, listener);
  return () => {
    for (const [name, listener] of all) unsubscribe(name, listener);
  };
}
