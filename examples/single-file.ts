import { offload, run } from 'offloop';

function fib(n: number): number {
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}
const fibonacci = offload(import.meta, fib);

// A worker imports this file to find the function; run() does nothing there.
await run(async () => {
  console.log(`fibonacci(30) = ${await fibonacci(30)}`);
});
