/** What /ping suffers while /hash burns 300 ms of CPU: the same server twice, once in the loop, once off it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { resource, run, sleep, withSignal, withTaskGroup } from 'offloop';

const server = resource(async function* (mode: 'in' | 'off') {
  const file = fileURLToPath(new URL('./server.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', file, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  try {
    const [port] = (await withSignal((signal) => once(child.stdout, 'data', { signal }))) as [Buffer];
    yield `http://127.0.0.1:${Number(port)}`;
  } finally {
    child.kill();
    await ended;
  }
});

async function get(url: string): Promise<number> {
  const began = performance.now();
  await withSignal(async (signal) => (await fetch(url, { signal })).text());
  return performance.now() - began;
}

async function pingsWhileHashing(base: string): Promise<number> {
  await get(`${base}/hash`); // the worker starts, the connection opens
  const pings: number[] = [];
  await withTaskGroup(async (tg) => {
    tg.spawn(async () => {
      for (;;) {
        pings.push(await get(`${base}/ping`));
        await sleep(5);
      }
    });
    for (let i = 0; i < 4; i++) await get(`${base}/hash`);
    tg.cancel();
  });
  pings.sort((a, b) => a - b);
  return pings[Math.floor(pings.length * 0.99)] as number;
}

await run(async () => {
  for (const mode of ['in', 'off'] as const) {
    const p99 = await server(mode).use((base) => pingsWhileHashing(base));
    console.log(
      `${mode === 'in' ? 'hashing in the loop: ' : 'hashing off the loop:'} 99 of 100 pings are answered within ${p99.toFixed(1)} ms`,
    );
  }
});
