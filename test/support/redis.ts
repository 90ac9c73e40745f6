/**
 * A real Redis or Valkey for tests: each `startRedis()` is a server of its own, on a free port of the loopback, in a temporary
 * folder. Where it comes from: OFFLOOP_TEST_REDIS_SERVER, PATH, else Debian's package, unpacked without root into a cache.
 *
 * OFFLOOP_TEST_REDIS_URL names a server that runs already, such as a service of a CI: tests that neither kill their server nor set
 * it up use it, each with a pool of its own.
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';

interface Binary {
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
}

const cache = fileURLToPath(new URL('../../node_modules/.cache/redis', import.meta.url));
const packages = [
  'redis-server',
  'redis-tools',
  'libjemalloc2',
  'liblua5.1-0',
  'liblzf1',
  'lua-cjson',
  'lua-bitop',
  'libhiredis0.14',
  'libatomic1',
];

let found: Binary | null | undefined;

/** Null, with one line that says why the tests are skipped, when there is none; in CI that is an error. */
export function redisBinary(): Binary | null {
  if (found !== undefined) return found;
  found = onPath() ?? debianPackage();
  if (found !== null) return found;
  const text = 'no redis-server or valkey-server on PATH, and Debian’s package could not be fetched';
  if (process.env['CI'] !== undefined && process.env['CI'] !== '') throw new Error(`The remote tests cannot run: ${text}`);
  console.warn(`The remote tests are skipped: ${text}`);
  return found;
}

/** For tests that have a server of their own. */
export const hasRedis = (): boolean => redisBinary() !== null;

const given = process.env['OFFLOOP_TEST_REDIS_URL'] || undefined;
/** For tests that any server will do for. */
export const hasSharedRedis = (): boolean => given !== undefined || hasRedis();
/** The one that was given, or one of its own. */
export const sharedRedis = (): Promise<RedisServer> => (given === undefined ? startRedis() : Promise.resolve(new GivenServer(given)));

function onPath(): Binary | null {
  const given = process.env['OFFLOOP_TEST_REDIS_SERVER'];
  for (const file of given === undefined ? ['redis-server', 'valkey-server'] : [given]) {
    if (answers({ file, env: process.env })) return { file, env: process.env };
  }
  return null;
}

function answers({ file, env }: Binary): boolean {
  try {
    return /v=\d/.test(execFileSync(file, ['--version'], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return false;
  }
}

function debianPackage(): Binary | null {
  const root = join(cache, 'root');
  try {
    if (!existsSync(join(root, 'usr/bin/redis-server'))) unpack(root);
    const libraries = readdirSync(join(root, 'usr/lib'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.name.includes('.so'))
      .map((entry) => entry.parentPath);
    const binary = {
      file: join(root, 'usr/bin/redis-server'),
      env: { ...process.env, LD_LIBRARY_PATH: [...new Set(libraries)].join(':') },
    };
    return answers(binary) ? binary : null;
  } catch {
    return null;
  }
}

/** Beside the place where it will stand, so that two test processes at once do not see half of it. */
function unpack(root: string): void {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'unpack-'));
  try {
    execFileSync('apt-get', ['download', ...packages], { cwd: folder, stdio: 'ignore', timeout: 120_000 });
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.deb'))) {
      execFileSync('dpkg', ['-x', name, 'root'], { cwd: folder, stdio: 'ignore' });
    }
    if (!existsSync(root)) renameSync(join(folder, 'root'), root);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** SIGKILL; the data folder stays. */
  kill(): Promise<void>;
  /** On the same port, with the same data folder. */
  start(): Promise<void>;
  /** A client of the test's own. */
  client(): Redis;
  signal(name: NodeJS.Signals): void;
}

export interface RedisOptions {
  readonly password?: string;
  /** Off: without the append-only file, and without snapshots. */
  readonly persistent?: boolean;
  readonly args?: readonly string[];
  /** Settings of TLS, which is then the only way to talk to it. */
  readonly tls?: readonly string[];
}

export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const binary = redisBinary();
  if (binary === null) throw new Error('there is no server: guard the test with hasRedis()');
  const folder = mkdtempSync(join(tmpdir(), 'offloop-redis-'));
  const server = new Server(binary, folder, await freePort(), options);
  await server.start();
  return server;
}

class GivenServer implements RedisServer {
  readonly url: string;
  readonly #clients: Redis[] = [];

  constructor(url: string) {
    this.url = url;
  }

  get port(): number {
    return Number(new URL(this.url).port || 6379);
  }

  get pid(): never {
    throw notOurs();
  }

  client(): Redis {
    const client = new Redis(this.url, { maxRetriesPerRequest: null });
    this.#clients.push(client);
    return client;
  }

  kill(): Promise<void> {
    return Promise.reject(notOurs());
  }

  start(): Promise<void> {
    return Promise.reject(notOurs());
  }

  signal(): void {
    throw notOurs();
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    return Promise.resolve();
  }
}

const notOurs = (): Error => new Error('the server of OFFLOOP_TEST_REDIS_URL is not to be touched: give the test one of its own');

class Server implements RedisServer {
  readonly port: number;
  readonly url: string;
  readonly #binary: Binary;
  readonly #folder: string;
  readonly #options: RedisOptions;
  readonly #clients: Redis[] = [];
  #child: ChildProcess | null = null;

  constructor(binary: Binary, folder: string, port: number, options: RedisOptions) {
    this.#binary = binary;
    this.#folder = folder;
    this.port = port;
    this.#options = options;
    const auth = options.password === undefined ? '' : `:${encodeURIComponent(options.password)}@`;
    this.url = `redis://${auth}127.0.0.1:${port}`;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  async start(): Promise<void> {
    const { password, persistent = true, args = [], tls } = this.#options;
    const port = String(this.port);
    const settings = tls === undefined ? ['--port', port] : ['--port', '0', '--tls-port', port, ...tls];
    settings.push('--bind', '127.0.0.1', '--dir', this.#folder, '--save', '');
    settings.push('--appendonly', persistent ? 'yes' : 'no', '--maxmemory-policy', 'noeviction', ...args);
    if (password !== undefined) settings.push('--requirepass', password);
    this.#child = spawn(this.#binary.file, settings, { env: this.#binary.env, stdio: 'ignore' });
    const trusting = tls === undefined ? {} : { tls: { rejectUnauthorized: false } };
    const probe = new Redis(this.url, { ...trusting, lazyConnect: true, maxRetriesPerRequest: null, retryStrategy: () => 20 });
    probe.on('error', () => {}); // not up yet
    try {
      await probe.ping();
    } finally {
      probe.disconnect();
    }
  }

  client(): Redis {
    const client = new Redis(this.url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
    client.on('error', () => {}); // the test kills the server
    this.#clients.push(client);
    return client;
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
