/** Whether a server is fit to keep jobs: what it forgets on a restart, or throws away when it is full, is lost. */
import type { Redis } from 'ioredis';

const OLDEST = [6, 2] as const;

export type ServerFacts = Pick<Redis, 'info'> & { config(get: 'GET', name: string): Promise<unknown> };

/** Sentences for an operator; none when all is well. Throws when the server is too old. */
export async function checkServer(server: ServerFacts): Promise<string[]> {
  const facts = factsOf(await server.info());
  const [major = 0, minor = 0] = (facts['redis_version'] ?? '0').split('.').map(Number);
  const isValkey = facts['valkey_version'] !== undefined;
  if (!isValkey && (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))) {
    throw new Error(`the server is Redis ${facts['redis_version'] ?? 'of an unknown version'}; 6.2 or later is needed, or Valkey`);
  }
  return [persistence(facts, await snapshots(server)), eviction(facts)].filter((line) => line !== null);
}

function persistence(facts: Readonly<Record<string, string>>, save: string | null): string | null {
  if (facts['aof_enabled'] === '1') return null;
  if (save === null || save === '')
    return 'the server keeps nothing on disk (appendonly no, no snapshots): when it restarts, all jobs are lost. Set appendonly yes';
  return `the server keeps snapshots only (save ${save}): when it crashes, jobs since the last one are lost. Set appendonly yes`;
}

function eviction(facts: Readonly<Record<string, string>>): string | null {
  const policy = facts['maxmemory_policy'];
  if (policy === undefined || policy === 'noeviction') return null;
  return `the server throws keys away when its memory is full (maxmemory-policy ${policy}), jobs among them. Set noeviction`;
}

/** Null where the server does not tell, as hosted ones do not. */
async function snapshots(server: ServerFacts): Promise<string | null> {
  try {
    const reply = await server.config('GET', 'save');
    return Array.isArray(reply) ? String(reply[1] ?? '') : null;
  } catch {
    return null;
  }
}

function factsOf(info: string): Record<string, string> {
  const lines = info.split(/\r?\n/).map((line) => line.split(':', 2));
  return Object.fromEntries(lines.filter((parts): parts is [string, string] => parts.length === 2));
}
