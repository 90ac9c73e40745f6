import { expect, it } from 'vitest';
import { Answers } from '../../src/executors/remote-answers.ts';

it('answers of one turn to one submitter go in one message, in their order; flush waits until they are out', async () => {
  const sent: [string, unknown][] = [];
  let out = 0;
  const answers = new Answers(
    async (submitter, text) => {
      sent.push([submitter, JSON.parse(text)]);
      await new Promise((resolve) => setTimeout(resolve, 5));
      out++;
    },
    () => true,
  );
  const done = (id: string) => ({ t: 'done', id, result: 'r' }) as const;
  answers.push('a', done('1'));
  answers.push('b', done('2'));
  answers.push('a', done('3'));
  await answers.flush();
  expect(sent).toEqual([['a', [done('1'), done('3')]], ['b', [done('2')]]]); // prettier-ignore
  expect(out).toBe(2);
  answers.push('a', done('4'));
  await new Promise(setImmediate);
  expect(sent).toHaveLength(3);
});

it('a message that cannot be sent is no error: the submitter will look', async () => {
  const answers = new Answers(
    () => Promise.reject(new Error('gone')),
    () => false,
  );
  answers.push('a', { t: 'failed', id: '1', reason: 'x' });
  await answers.flush();
});

it('a single one leaves at once', async () => {
  const sent: string[] = [];
  const answers = new Answers((submitter) => Promise.resolve(sent.push(submitter)), () => false); // prettier-ignore
  answers.push('a', { t: 'failed', id: '1', reason: 'x' });
  await Promise.resolve();
  expect(sent).toEqual(['a']);
});
