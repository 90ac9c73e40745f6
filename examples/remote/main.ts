import { run } from 'offloop';
import { RemoteExecutor } from 'offloop/remote';
import { slowHash } from './jobs.ts';

const url = process.env['OFFLOOP_REDIS_URL'];

if (url === undefined) console.log('start a server and a worker, and set OFFLOOP_REDIS_URL: see docs/scale-out.md');
else
  await run(async () => {
    await using machines = new RemoteExecutor({ url, pool: 'hashes' });
    const one = await machines.submit(slowHash, ['correct'], { timeout: 30_000 });
    console.log('one: ', one);
    for await (const hash of machines.map(slowHash, ['horse', 'battery', 'staple'])) console.log('each:', hash);
  });
