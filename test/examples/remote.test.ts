/** The example of docs/scale-out.md, with a server and a worker; and its files for orchestrators. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { Child } from '../support/child.ts';
import { offloop } from '../support/cli.ts';
import { hasRedis, startRedis } from '../support/redis.ts';

const path = (file: string): string => fileURLToPath(new URL(`../../examples/remote/${file}`, import.meta.url));
const hashes = ['5aeb8fb2', 'fd49e0ef', '3e6a900c', 'e5036b20'];

function read(file: string): Record<string, never>[] {
  const documents = parseAllDocuments(readFileSync(path(file), 'utf8'));
  for (const document of documents) expect([...document.errors, ...document.warnings]).toEqual([]);
  return documents.map((document) => document.toJS() as Record<string, never>);
}

/** The words behind `offloop worker`, as the command itself reads them: a usage error is told before anything connects. */
async function understands(words: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  expect(words.slice(0, 2)).toEqual(['node_modules/.bin/offloop', 'worker']); // npx does not pass on SIGTERM: no draining
  expect(await offloop(['worker', ...words.slice(2), '--help'], { env })).toMatchObject({ code: 0 });
  expect(await offloop(['worker', ...words.slice(2), '--no-such-option'], { env })).toMatchObject({ code: 2 });
}

it.runIf(hasRedis())('the example runs on another process', async () => {
  const server = await startRedis();
  const program = fileURLToPath(new URL('../fixtures/remote/worker.ts', import.meta.url));
  const worker = new Child(program, path('jobs.ts'), '--url', server.url, '--pool', 'hashes');
  try {
    await worker.printed('slowHash@');
    const env = { ...process.env, OFFLOOP_REDIS_URL: server.url };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', path('main.ts')], { env });
    expect([stderr, stdout.split('\n')]).toEqual(['', [`one:  ${hashes[0]}`, ...hashes.slice(1).map((hash) => `each: ${hash}`), '']]);
  } finally {
    worker.process.kill('SIGKILL');
    await worker.ended;
    await server[Symbol.asyncDispose]();
  }
});

describe('the files for orchestrators', () => {
  it('compose.yaml starts a server that forgets nothing, and workers that may drain', async () => {
    const [{ services, volumes }] = read('compose.yaml') as unknown as [{ services: Record<string, Service>; volumes: object }];
    const { valkey, worker } = services as { valkey: Service; worker: Service };
    expect(valkey.command.join(' ')).toContain('--appendonly yes --maxmemory-policy noeviction');
    expect(Object.keys(volumes)).toEqual([valkey.volumes![0]!.split(':')[0]]);
    expect(Object.keys(worker.depends_on!)).toEqual(['valkey']);
    expect(Number.parseInt(worker.stop_grace_period!)).toBeGreaterThan(25);
    await understands(worker.command, worker.environment);
  });

  it('kubernetes.yaml is a deployment whose probes, secrets and limits of time fit the worker', async () => {
    const [deployment] = read('kubernetes.yaml') as unknown as [Deployment];
    expect([deployment.apiVersion, deployment.kind]).toEqual(['apps/v1', 'Deployment']);
    const { selector, template } = deployment.spec;
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    const { containers, terminationGracePeriodSeconds } = template.spec;
    const { command, args, ports, env, readinessProbe, livenessProbe } = containers[0]!;
    expect([readinessProbe.httpGet, livenessProbe.httpGet]).toEqual([{ path: '/readyz', port: 'health' }, { path: '/healthz', port: 'health' }]); // prettier-ignore
    expect(ports[0]).toEqual({ name: 'health', containerPort: Number(args[args.indexOf('--health-port') + 1]) });
    expect(terminationGracePeriodSeconds * 1000).toBeGreaterThan(Number(args[args.indexOf('--drain-timeout') + 1]));
    for (const name of ['OFFLOOP_REDIS_URL', 'OFFLOOP_HMAC_KEY'])
      expect(env.find((one) => one.name === name)).toHaveProperty('valueFrom.secretKeyRef');
    await understands([...command, ...args], {});
  });
});

interface Service {
  readonly command: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly volumes?: readonly string[];
  readonly depends_on?: object;
  readonly stop_grace_period?: string;
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Deployment {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: {
    readonly selector: { readonly matchLabels: object };
    readonly template: {
      readonly metadata: { readonly labels: object };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly {
          readonly command: readonly string[];
          readonly args: readonly string[];
          readonly ports: readonly object[];
          readonly env: readonly { readonly name: string }[];
          readonly readinessProbe: Probe;
          readonly livenessProbe: Probe;
        }[];
      };
    };
  };
}
