import { callLater, Deferred, InvalidStateError, run } from 'offloop';

await run(async () => {
  const answer = new Deferred<string>();
  callLater(10, () => answer.resolve('ready'));
  console.log(await answer);
  try {
    answer.resolve('twice');
  } catch (error) {
    if (error instanceof InvalidStateError) console.log('a future is set once');
  }
});
