import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { connect, InspectorError, InspectorSession } from '../../src/cli/inspector.ts';

interface Sent {
  id: number;
  method: string;
  params: { expression: string };
}

/** A session, and what it sends. */
function pair(): { session: InspectorSession; sent: Sent[]; answer: (id: number, result: unknown) => void } {
  const sent: Sent[] = [];
  const session = new InspectorSession((text) => sent.push(JSON.parse(text) as Sent));
  return { session, sent, answer: (id, result) => session.hear(JSON.stringify({ id, result })) };
}

test('answers find their questions, in any order, and events go elsewhere', async () => {
  const { session, answer } = pair();
  const events: unknown[] = [];
  session.onEvent = (...event) => events.push(event);
  const [one, two] = [session.post('a', {}, 1000), session.post('b', {}, 1000)];
  answer(2, 'second');
  session.hear('{"method":"happened","params":{"x":1}}');
  answer(1, 'first');
  answer(9, 'to nobody');
  expect(await Promise.all([one, two])).toEqual(['first', 'second']);
  expect(events).toEqual([['happened', { x: 1 }]]);
});

test('a refusal, silence and a lost connection are told apart', async () => {
  const { session } = pair();
  const refused = session.post('a', {}, 1000);
  session.hear('{"id":1,"error":{"message":"no such method"}}');
  await expect(refused).rejects.toThrow('no such method');
  await expect(session.post('b', {}, 5)).rejects.toMatchObject({ message: 'no answer within 5 ms', gone: false });
  const lost = session.post('c', {}, 1000);
  session.end();
  await expect(lost).rejects.toMatchObject({ gone: true });
  await expect(session.post('d', {}, 1000)).rejects.toBeInstanceOf(InspectorError);
  expect(session.gone).toBe(true);
});

test('a function is called over there by its source text, with arguments and result as JSON', async () => {
  const { session, sent, answer } = pair();
  const sum = session.call((a: number, b: { c: number }) => ({ sum: a + b.c }), [1, { c: 2 }], 1000);
  const value: unknown = runInNewContext(sent[0]!.params.expression, { JSON });
  answer(1, { result: { value } });
  expect(await sum).toEqual({ sum: 3 });
});

test('a function that returns nothing, and one that throws', async () => {
  const { session, answer } = pair();
  const nothing = session.call(() => {}, [], 1000);
  answer(1, { result: {} });
  expect(await nothing).toBeUndefined();
  const thrown = session.call(() => {}, [], 1000);
  answer(2, { exceptionDetails: { exception: { description: 'TypeError: x' } } });
  await expect(thrown).rejects.toThrow('it threw: TypeError: x');
});

test('a port where something else listens, or nothing, has no inspector', async () => {
  for (const reply of ['<html>', '[]', '{}', 'null']) {
    const server = createServer((_, response) => response.end(reply));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    expect(await connect({ host: '127.0.0.1', port }, 1000)).toBeUndefined();
    await new Promise((closed) => server.close(closed));
    expect(await connect({ host: '127.0.0.1', port }, 1000)).toBeUndefined();
  }
});
