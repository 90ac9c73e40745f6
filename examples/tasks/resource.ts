import { moveOnAfter, resource, run, shield, sleep, sleepForever } from 'offloop';

const connection = resource(async function* (host: string) {
  await sleep(5); // connects
  console.log(`connected to ${host}`);
  try {
    yield { query: (text: string) => sleep(5, `${host} answers ${text}`) };
  } finally {
    await shield(() => sleep(5), { timeout: 1_000 }); // says goodbye, even when cancelled
    console.log(`disconnected from ${host}`);
  }
});

await run(async () => {
  console.log(await connection('db1').use((db) => db.query('select 1')));

  await moveOnAfter(50, () => connection('db2').use(() => sleepForever()));
});
