/** What is published on diagnostics channels while a test runs. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach } from 'vitest';

const undo: (() => void)[] = [];

/** Collects the messages of a channel until the test is over. */
export function listenTo<T>(name: string, hear: (message: T) => void = () => {}): T[] {
  const heard: T[] = [];
  const listener = (message: unknown): void => {
    heard.push(message as T);
    hear(message as T);
  };
  subscribe(name, listener);
  undo.push(() => void unsubscribe(name, listener));
  return heard;
}

export function listenNoMore(): void {
  for (const stop of undo.splice(0)) stop();
}

afterEach(listenNoMore);
