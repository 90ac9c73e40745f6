import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { resourcesInFlight } from '../../workers/in-flight.ts';

test('timers and requests count one by one, sockets together', () => {
  expect(resourcesInFlight(['Timeout', 'Timeout', 'FSReqPromise'])).toBe(3);
  expect(resourcesInFlight(['TCPSocketWrap', 'TLSWrap', 'PipeWrap', 'ProcessWrap'])).toBe(2);
});

test('what only listens, and the ports to the loop, count for nothing', () => {
  const none = ['MessagePort', 'CloseReq', 'Immediate', 'TCPServerWrap', 'PipeServerWrap', 'SignalWrap', 'FSEventWrap', 'StatWatcher'];
  expect(resourcesInFlight(none)).toBe(0);
});

test('Node tells of the timers that are under way', async () => {
  const before = resourcesInFlight();
  const waits = [delay(10), delay(20)];
  expect(resourcesInFlight()).toBe(before + 2);
  await Promise.all(waits);
});
