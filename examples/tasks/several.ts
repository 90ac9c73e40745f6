import { gather, map, now, run, sleep } from 'offloop';

await run(async () => {
  const begin = now();
  const [user, orders] = await gather([() => sleep(20, 'Ada'), () => sleep(10, [7, 9])]);
  console.log(user, orders);

  const settled = await gather([() => sleep(1, 'fine'), () => Promise.reject(new Error('broken'))], { settle: true });
  console.log(settled.map((s) => s.status));

  const squares = await map([1, 2, 3, 4, 5, 6], (n) => sleep(10, n * n), { limit: 3 }); // three at once
  console.log(squares, now() - begin < 1_000);
});
