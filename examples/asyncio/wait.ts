import { background, run, sleep, wait } from 'offloop';

const names = (tasks: Iterable<{ name: string }>): string[] => [...tasks].map((t) => t.name).sort();

async function job(name: string, ms: number): Promise<void> {
  await sleep(ms);
  if (name === 'b') throw new RangeError(name);
}

await run(async () => {
  const tasks = Object.entries({ a: 10, b: 300, c: 600 }).map(([name, ms]) => background(() => job(name, ms), { name }));
  const [, b] = tasks;
  for (const until of ['first', 'firstError', 'all'] as const) {
    const { done, pending } = await wait(tasks, { until });
    console.log('done', ...names(done), 'pending', ...names(pending));
  }
  console.log('b failed:', b?.error() instanceof RangeError ? 'ValueError' : 'no');
});
