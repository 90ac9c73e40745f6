/** A few PostgreSQL connections shared by many tasks; one breaks on the way, and nobody notices. */
import { map, ResourcePool, run, timeout } from 'offloop';
import { connect } from './connect.ts';
import type { Connection } from './connect.ts';

await run(async () => {
  let opened = 0;
  const pool = new ResourcePool<Connection>({
    create: () => {
      opened++;
      return connect();
    },
    destroy: (connection) => connection.close(),
    validate: (connection) =>
      connection.query('select 1').then(
        () => true,
        () => false,
      ),
    max: 2,
    acquireTimeout: 30_000,
  });

  const squareOf = (n: number): Promise<number> =>
    pool.use(async (connection) => {
      const { rows } = await timeout(10_000, () => connection.query('select $1::int * $1::int as square', [n]));
      return rows[0]?.['square'] as number;
    });

  console.log((await map([1, 2, 3, 4, 5, 6, 7, 8], squareOf)).join(' '));
  const { size, borrowed, waiting } = pool.statistics();
  console.log(`${size} connections served them all, ${borrowed} borrowed, ${waiting} waiting`);

  await pool.use((connection) => connection.close()); // as if the server had hung up
  console.log((await map([9, 10], squareOf)).join(' '));
  console.log(`${opened} were opened in all: the broken one was replaced`);
  await pool.close();
});
