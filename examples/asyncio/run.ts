import { run, sleep } from 'offloop';

async function main(): Promise<number> {
  await sleep(10);
  return 42;
}

console.log('main returned', await run(main, { debug: false }));
