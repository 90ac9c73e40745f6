import { run } from 'offloop';
import { handle, request } from './jobs.ts';

await run(async () => {
  const [one, two] = [request.run('req-1', () => handle('work')), request.run('req-2', () => handle('work'))];
  console.log(await one, '·', await two);
});
