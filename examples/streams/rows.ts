import { run } from 'offloop';
import { rows } from './jobs.ts';

const csv = `name,age\n${Array.from({ length: 100_000 }, (_, i) => `p${i},${i % 90}`).join('\n')}`;

await run(async () => {
  for await (const row of rows(csv)) {
    if (row['age'] !== '42') continue;
    console.log(`${row['name']} is 42`);
    break;
  }
});
