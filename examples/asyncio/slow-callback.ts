import { run, sleep } from 'offloop';
import { blockLoop } from 'offloop/testing';

async function render(): Promise<void> {
  blockLoop(150); // burns CPU in the loop
  await sleep(50);
}

await run(render, {
  debug: { slowCallbackDuration: 100, monitor: { log: false } },
  // `where` names the line, `stack` the way to it: asyncio names the task only
  instruments: [{ slow: ({ message }) => console.log('slow:', message.split(' ')[1]) }],
});
