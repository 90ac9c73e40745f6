import { gather, run, sleep } from 'offloop';

async function check(host: string): Promise<string> {
  await sleep(10);
  if (host === 'mail') throw new Error('mail is down');
  return `${host} is up`;
}

await run(async () => {
  console.log((await gather([() => check('web'), () => check('db')])).join(', '));
  const results = await gather([() => check('web'), () => check('mail')], { settle: true });
  for (const r of results) {
    if (r.status === 'rejected') console.log('failed:', (r.reason as Error).message);
    else console.log('fine:', r.value);
  }
});
