/** Stops a server under load, and counts who got an answer. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { gather, run, sleep, withSignal } from 'offloop';

const file = fileURLToPath(new URL('./server.ts', import.meta.url));

await run(async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const base = `http://127.0.0.1:${(await lines.next()).value}`;
  const get = (path: string): Promise<string> => withSignal(async (signal) => (await fetch(base + path, { signal })).text());

  const answers = gather(
    Array.from({ length: 40 }, (_, n) => () => get(`/${n}`)),
    { settle: true },
  );
  await sleep(150); // all of them are being worked on
  child.kill('SIGTERM');
  const answered = (await answers).filter((a) => a.status === 'fulfilled' && a.value.startsWith('done')).length;
  console.log(`${answered} of 40 requests were answered`);
  const late = await get('/late').catch(() => 'refused');
  console.log(`a later one: ${late}`);
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) console.log(`server: ${line.value}`);
  const [code] = (await ended) as [number];
  console.log(`exit code ${code}`);
});
