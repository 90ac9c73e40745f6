import { AsyncLocalStorage } from 'node:async_hooks';
import { carryContext, offload, run, sleep, withTaskGroup } from 'offloop';

const requestId = new AsyncLocalStorage<string>();
carryContext('request-id', requestId); // into workers too: by name, and only what was asked for

const inThread = offload(import.meta, () => console.log(`[${requestId.getStore()}] in a thread`));

async function log(text: string): Promise<void> {
  await sleep(1);
  console.log(`[${requestId.getStore() ?? 'none'}] ${text}`);
}

async function handle(): Promise<void> {
  await withTaskGroup((tg) => void tg.spawn(() => log('in a child task')));
  await inThread();
}

await run(async () => {
  for (const number of [1, 2]) await requestId.run(`req-${number}`, handle);
  console.log(`[${requestId.getStore() ?? 'none'}] outside`);
});
