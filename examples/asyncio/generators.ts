import { run, sleep } from 'offloop';

const ROWS = Array.from({ length: 7 }, (_, n) => `row ${n}`);

async function page(number: number): Promise<string[]> {
  await sleep(1);
  return ROWS.slice(number * 3, number * 3 + 3);
}

async function* pages(): AsyncGenerator<string[]> {
  try {
    for (let number = 0, rows = await page(0); rows.length > 0; rows = await page(++number)) yield rows;
  } finally {
    console.log('connection closed');
  }
}

await run(async () => {
  for await (const rows of pages()) console.log(rows.length, 'rows');
  for await (const rows of pages()) {
    console.log('only', rows[0]);
    break; // closes the generator, and waits for it
  }
});
