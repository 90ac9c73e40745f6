import { expect, it } from 'vitest';
import { Answers } from '../../src/executors/remote-answers.ts';

const unasked = (): Promise<boolean> => Promise.reject(new Error('nobody asked for it'));

it('answers of one turn to one submitter go in one message, in their order; flush waits until they are out', async () => {
  const sent: [string, unknown][] = [];
  let out = 0;
  const answers = new Answers(
    async (submitter, text) => {
      sent.push([submitter, JSON.parse(text)]);
      await new Promise((resolve) => setTimeout(resolve, 5));
      out++;
    },
    unasked,
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
    unasked,
    () => false,
  );
  answers.push('a', { t: 'failed', id: '1', reason: 'x' });
  await answers.flush();
});

it('a single one leaves at once', async () => {
  const sent: string[] = [];
  const answers = new Answers((submitter) => Promise.resolve(sent.push(submitter)), unasked, () => false); // prettier-ignore
  answers.push('a', { t: 'failed', id: '1', reason: 'x' });
  await Promise.resolve();
  expect(sent).toEqual(['a']);
});

it('a result that follows is told of by the server, after what was said before; nobody counts on it in a crowd, or when it fails', async () => {
  const sent: string[] = [];
  let crowd = true;
  const publishResult = (submitter: string, id: string): Promise<boolean> => {
    sent.push(`${submitter} ${id}`);
    return id === 'bad' ? Promise.reject(new Error('gone')) : Promise.resolve(id === 'there');
  };
  const answers = new Answers((_, text) => Promise.resolve(sent.push(text)), publishResult, () => crowd); // prettier-ignore
  expect(answers.resultFollows('a', 'there')).toBe(null);
  answers.push('a', { t: 'started', id: '1', attempt: 1, job: 0 }); // in a crowd it waits for others
  crowd = false;
  expect(await answers.resultFollows('a', 'there')).toBe(true);
  expect(sent).toEqual([expect.stringContaining('"started"'), 'a there']);
  expect(await answers.resultFollows('a', 'missing')).toBe(false);
  expect(await answers.resultFollows('a', 'bad')).toBe(false);
});
