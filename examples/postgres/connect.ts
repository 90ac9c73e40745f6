import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';

export interface Connection {
  query(sql: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
  close(): Promise<void>;
}

/** A connection to the server that DATABASE_URL names; without one, a PostgreSQL of its own in this process. */
export async function connect(): Promise<Connection> {
  const url = process.env['DATABASE_URL'];
  if (url === undefined) {
    const embedded = await PGlite.create();
    return { query: (sql, values) => embedded.query(sql, values), close: async () => void (embedded.closed || (await embedded.close())) };
  }
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {}); // a connection that breaks while idle is found by `validate`
  await client.connect();
  return { query: (sql, values) => client.query(sql, values), close: () => client.end() };
}
