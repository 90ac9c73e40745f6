import { run } from 'offloop';
import { Db } from './db.ts';

await run(async () => {
  await using db = await Db.spawn('stock');

  await Promise.all([db.put('apples', 3), db.put('pears', 5), db.put('plums', 8)]);
  console.log(await db.name, await db.size);

  for await (const [key, value] of db.scan()) {
    console.log(key, value);
    if (key === 'pears') break; // the generator's finally runs in the worker
  }

  await db.put('figs', Number.NaN).catch((error: unknown) => console.log(error instanceof RangeError, String(error)));
});
