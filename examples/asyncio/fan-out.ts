import { gather, run, sleep } from 'offloop';

const hosts = Array.from({ length: 8 }, (_, n) => `host${n}`);

await run(async () => {
  let [running, peak] = [0, 0];

  async function check(host: string): Promise<string> {
    peak = Math.max(peak, ++running);
    await sleep(2);
    running--;
    if (host === 'host5') throw new Error(host);
    return host;
  }

  const results = await gather(
    hosts.map((host) => () => check(host)),
    { limit: 3, settle: true },
  );
  const healthy = results.filter((r) => r.status === 'fulfilled').length;
  console.log(healthy, 'healthy,', results.length - healthy, 'down, at most', peak, 'at once');
});
