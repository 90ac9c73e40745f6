/** Submitters and workers on a server that speaks TLS only, with a certificate of its own CA. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { RemoteExecutor } from '../../src/executors/remote.ts';
import { add } from '../fixtures/remote/jobs.ts';
import { Child } from '../support/child.ts';
import { hasRedis, startRedis } from '../support/redis.ts';
import type { RedisServer } from '../support/redis.ts';
import { failure } from '../support/virtual.ts';

const jobs = (): string => join(inject('compiled'), 'test/fixtures/remote/jobs.js');

function hasOpenssl(): boolean {
  try {
    return execFileSync('openssl', ['version'], { encoding: 'utf8' }) !== '';
  } catch {
    return false;
  }
}

describe.runIf(hasRedis() && hasOpenssl())('over TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'offloop-tls-'));
  const file = (name: string): string => join(folder, name);
  let server!: RedisServer;
  const secure = (): string => server.url.replace('redis:', 'rediss:');
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });

  beforeAll(async () => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=offloop test CA');
    const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=CA:FALSE'];
    openssl('req', '-x509', ...key, ...signed, '-keyout', 'server.key', '-out', 'server.crt', '-subj', '/CN=127.0.0.1');
    const files = ['--tls-cert-file', file('server.crt'), '--tls-key-file', file('server.key'), '--tls-ca-cert-file', file('ca.crt')];
    server = await startRedis({ password: 's3cret', tls: [...files, '--tls-auth-clients', 'no'] });
  });
  afterEach(() => vi.unstubAllEnvs());
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it('jobs run when both sides know the CA', async () => {
    vi.stubEnv('NODE_EXTRA_CA_CERTS', file('ca.crt'));
    const worker = new Child('remote/worker', jobs(), '--url', secure(), '--pool', 'tls', '--concurrency', '1');
    try {
      await worker.printed('ready');
      const { stdout, stderr } = await new Child('remote/submit', secure(), 'tls').ended;
      expect(stdout + stderr).toBe('sum 3\n');
    } finally {
      worker.process.kill('SIGKILL');
      await worker.ended;
    }
  });

  it('a submitter that does not know it says so once, at once, and without the password', async () => {
    const executor = new RemoteExecutor({ url: secure(), pool: 'tls' });
    const before = performance.now();
    const error = await failure(executor.submit(add, [1, 2]));
    expect(performance.now() - before).toBeLessThan(30_000); // by far not maxOutage
    expect(error).toMatchObject({ code: 'OFFLOOP_REMOTE_UNAVAILABLE' });
    expect((error as Error).message).toMatch(/this client cannot trust the server rediss:\/\/127.*NODE_EXTRA_CA_CERTS.*\(.*certificate/);
    expect(inspect(error, { depth: 10 })).not.toContain('s3cret');
    await executor.shutdown();
  });

  it('a worker that does not know it does not start, and says why in one line', async () => {
    const { code, stdout, stderr } = await new Child('remote/worker', jobs(), '--url', secure(), '--pool', 'tls').ended;
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.match(/cannot trust the server/g)).toHaveLength(1);
    expect(stderr).not.toContain('s3cret');
  });
});
