/** Against the real prom-client, over loopback HTTP. */
import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AggregatorRegistry, Counter, register, Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { ThreadPoolExecutor } from '../../src/index.ts';
import { collect, metricsHandler } from '../../src/telemetry/prometheus.ts';
import { add } from '../fixtures/jobs/basic.ts';
import { throwValue } from '../fixtures/jobs/errors.ts';
import { failure, refusal } from '../support/virtual.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function collecting(registry: Registry, options?: Parameters<typeof collect>[1]): Registry {
  const collector = collect(registry, options);
  undo.push(() => collector[Symbol.dispose]());
  return registry;
}

async function serve(registry?: Registry): Promise<(init?: RequestInit) => Promise<Response>> {
  const server = createServer(metricsHandler(registry));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (init) => fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`, init);
}

async function workedPool(name: string): Promise<ThreadPoolExecutor> {
  const pool = new ThreadPoolExecutor({ max: 1, name });
  undo.push(() => pool.shutdown());
  await pool.submit(add, [1, 2]);
  await failure(pool.submit(throwValue, ['no']));
  return pool;
}

const linesOf = (text: string, name: string): string[] => text.split('\n').filter((line) => line.startsWith(name));

describe('a scrape', () => {
  it('answers with what executors have done, as text', async () => {
    const get = await serve(collecting(new Registry()));
    await workedPool('scraped');
    const response = await get();
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(linesOf(text, 'offloop_jobs_total')).toEqual([
      'offloop_jobs_total{executor="scraped",outcome="completed"} 1',
      'offloop_jobs_total{executor="scraped",outcome="failed"} 1',
      'offloop_jobs_total{executor="scraped",outcome="cancelled"} 0',
    ]);
    expect(text).toContain('# HELP offloop_jobs_total Jobs that have ended, by outcome.\n# TYPE offloop_jobs_total counter\n');
    expect(text).toContain('# TYPE offloop_job_wait_seconds summary\n');
    expect(text).toMatch(/^offloop_job_wait_seconds\{executor="scraped",quantile="0.99"\} 0?\.?\d/m);
    expect(text).toContain('offloop_job_run_seconds_count{executor="scraped"} 2\n');
    expect(text).toContain('offloop_executor_workers{executor="scraped",state="idle"} 1\n');
    expect(text).toMatch(/^offloop_loop_delay_seconds\{quantile="0.99"\} \d/m);
    expect(text).toMatch(/^offloop_loop_utilization_ratio [01]/m);
  });

  it('goes on counting where an executor of the same name left off', async () => {
    const registry = collecting(new Registry());
    await (await workedPool('again')).shutdown();
    expect(await registry.metrics()).toContain('offloop_jobs_total{executor="again",outcome="completed"} 1\n');
    await workedPool('again');
    const text = await registry.metrics();
    expect(text).toContain('offloop_jobs_total{executor="again",outcome="completed"} 2\n');
    expect(text).toContain('offloop_job_run_seconds_count{executor="again"} 4\n');
  });

  it('counts blocks of the loop by their cause', async () => {
    const registry = collecting(new Registry());
    for (const duration of [100, 150]) channel('offloop:block').publish({ cause: 'gc', duration });
    const text = await registry.metrics();
    expect(text).toContain('offloop_loop_blocks_total{cause="gc"} 2\n');
    expect(text).toContain('offloop_loop_blocked_seconds_total{cause="gc"} 0.25\n');
  });

  it('answers HEAD without a body, other methods with 405, and a metric that fails with 500', async () => {
    const registry = new Registry();
    const get = await serve(registry);
    const head = await get({ method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    const post = await get({ method: 'POST' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const counter = new Counter({
      name: 'broken',
      help: 'h',
      registers: [registry],
      collect: () => {
        throw new RangeError('no');
      },
    });
    expect(registry.getSingleMetric('broken')).toBe(counter);
    const broken = await get();
    expect([broken.status, await broken.text()]).toEqual([500, 'The metrics cannot be read: RangeError: no\n']);
  });
});

describe('a registry', () => {
  it('is prom-client’s own by default, and holds nothing of ours after disposal', async () => {
    const collector = collect();
    expect(register.getSingleMetric('offloop_jobs_total')).toBeDefined();
    expect(await (await (await serve())()).text()).toContain('# TYPE offloop_jobs_total counter');
    collector[Symbol.dispose]();
    expect(await register.metrics()).not.toContain('offloop');
  });

  it('can be without the loop, have labels of its own, and be reset', async () => {
    const registry = collecting(new Registry(), { loop: false });
    registry.setDefaultLabels({ service: 'shop' });
    await workedPool('labelled');
    registry.resetMetrics();
    const text = await registry.metrics();
    expect(text).not.toContain('offloop_loop');
    expect(text).toContain('offloop_executor_queued_jobs{executor="labelled",service="shop"} 0\n');
  });

  it('may speak OpenMetrics', async () => {
    const registry = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    collecting(registry as unknown as Registry);
    await workedPool('open');
    const text = await registry.metrics();
    expect(text).toContain('# TYPE offloop_jobs counter\noffloop_jobs_total{executor="open",outcome="completed"} 1\n');
    expect(text.endsWith('# EOF\n')).toBe(true);
  });

  it('can be put together with those of other processes of a cluster', async () => {
    const registry = collecting(new Registry());
    await workedPool('clustered');
    const one = await registry.getMetricsAsJSON();
    const text = await AggregatorRegistry.aggregate([one, structuredClone(one)]).metrics();
    expect(text).toContain('offloop_jobs_total{executor="clustered",outcome="completed"} 2\n');
    expect(text).toContain('offloop_job_run_seconds_count{executor="clustered"} 4\n');
  });

  it('collects once, and must be one', async () => {
    const registry = collecting(new Registry());
    expect(await refusal(() => collect(registry))).toBe(
      'InvalidStateError OFFLOOP_INVALID_STATE: This registry collects the metrics of offloop already: dispose what collect() returned first',
    );
    expect(await refusal(() => collect({} as Registry))).toContain(
      'TypeError OFFLOOP_INVALID_ARGUMENT: Expected registry to be a Registry of prom-client',
    );
    expect(await refusal(() => metricsHandler(1 as unknown as Registry))).toContain('Expected registry to be a Registry of prom-client');
    expect(await refusal(() => collect(new Registry(), { loop: 1 as unknown as boolean }))).toContain('Expected options.loop to be');
    expect(await refusal(() => collect(new Registry(), { lop: true } as object))).toContain('lop');
  });
});
