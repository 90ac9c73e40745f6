import { gather, Lock, run, sleep } from 'offloop';

const lock = new Lock();
let balance = 100;

async function withdraw(amount: number): Promise<void> {
  const before = balance;
  await sleep(10); // stands for a query; without the lock the second caller would read the same balance
  balance = before - amount;
}

await run(async () => {
  await gather([() => lock.run(() => withdraw(30)), () => lock.run(() => withdraw(50))]);
  console.log(`balance: ${balance}`);
});
