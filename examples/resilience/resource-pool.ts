import { map, ResourcePool, run, sleep } from 'offloop';

/** Stands for a connection to a database. */
class Connection {
  static count = 0;
  readonly id = ++Connection.count;
  broken = false;

  async query(n: number): Promise<string> {
    await sleep(10);
    if (n === 3) this.broken = true;
    return `${n} * ${n} = ${n * n}`;
  }
}

await run(async () => {
  await using pool = new ResourcePool({
    create: async () => {
      await sleep(20); // to connect takes a while
      return new Connection();
    },
    validate: (connection) => !connection.broken,
    destroy: (connection) => console.log(`connection ${connection.id} closed`),
    max: 1,
    acquireTimeout: 5_000,
  });

  const squares = await map([1, 2, 3, 4], (n) => pool.use((connection) => connection.query(n)));
  console.log(squares.join(', '));
  console.log(`${Connection.count} connections were made`, pool.statistics());
});
