/** Whatever happens in whatever order: no job is lost, none runs twice, none settles twice, and the figures add up. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { PoolOptions, SubmitOptions } from '../../src/executors/executor.ts';
import type { Job } from '../../src/executors/job.ts';
import { fakeTime } from '../support/fake-time.ts';
import { collectReports, fakePool } from '../support/fake-worker.ts';
import type { FakePool, FakeWorker } from '../support/fake-worker.ts';

const pass = fakeTime();
collectReports();

type Step =
  | { do: 'submit'; options: SubmitOptions }
  | { do: 'cancel'; which: number }
  | { do: 'begin' | 'finish' | 'fail' | 'die' | 'failToLoad'; which: number }
  | { do: 'pass'; ms: number }
  | { do: 'shutdown'; cancelPending: boolean; timeout: number };

const which = fc.nat(50);
const submit = fc.record({
  do: fc.constant('submit' as const),
  options: fc.record(
    {
      priority: fc.integer({ min: -1, max: 1 }),
      affinity: fc.constantFrom('a', 'b'),
      onCancel: fc.constantFrom('terminate' as const, 'wait' as const, 'abandon' as const),
      grace: fc.constantFrom(0, 20),
      timeout: fc.constant(30),
      queueTimeout: fc.constant(40),
      idempotent: fc.boolean(),
    },
    { requiredKeys: [] },
  ),
});
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: submit },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('cancel' as const), which }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('begin' as const), which }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('finish' as const), which }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('fail' as const, 'failToLoad' as const), which }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('die' as const), which }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 25 }) }) },
  ),
  { maxLength: 60 },
);
const ending = fc.option(
  fc.record({ do: fc.constant('shutdown' as const), cancelPending: fc.boolean(), timeout: fc.constantFrom(10, Infinity) }),
  { nil: null },
);
const times = fc.array(fc.constantFrom(0.01, 0.01, 0.05, 2), { minLength: 1, maxLength: 5 });
const pools: fc.Arbitrary<PoolOptions> = fc.record({
  max: fc.integer({ min: 1, max: 3 }),
  maxQueue: fc.constantFrom(0, 1, 3, Infinity),
  onFull: fc.constantFrom('wait' as const, 'reject' as const),
});

/** Plays one history, and keeps the books that the pool must agree with. */
class Play {
  readonly fake: FakePool;
  readonly jobs: Job[] = [];
  readonly begun = new Map<number, number>();
  readonly settled = new Map<number, number>();
  readonly running = new Map<FakeWorker, number>(); // id of the job a worker has begun
  readonly seen = new Map<FakeWorker, number>(); // how many of its jobs were looked at
  readonly #options: PoolOptions;
  readonly #times: readonly number[];
  #ended = 0;
  shutdown: Promise<void> | null = null;

  /** Milliseconds that the jobs take, in turn: those of cheap ones make batches. */
  #jobTime(): number {
    return this.#times[this.#ended++ % this.#times.length]!;
  }

  constructor(options: PoolOptions, times: readonly number[]) {
    this.#options = options;
    this.#times = times;
    this.fake = fakePool({ ...options, idleTimeout: 50 });
  }

  async step(step: Step): Promise<void> {
    await this.#do(step);
    await new Promise((resolve) => setImmediate(resolve));
    this.#checkOrder();
  }

  async #do(step: Step): Promise<void> {
    if (step.do === 'submit') return this.#submit(step.options);
    if (step.do === 'pass') return pass(step.ms);
    if (step.do === 'cancel') return void this.jobs[step.which]?.cancel();
    if (step.do === 'shutdown') {
      this.shutdown ??= this.fake.pool.shutdown(step.timeout, step.cancelPending);
      return;
    }
    const alive = this.fake.workers.filter((w) => !w.terminated && !dead.has(w));
    const worker = alive[step.which % Math.max(1, alive.length)];
    if (worker !== undefined) this.#act(worker, step.do);
  }

  #submit(options: SubmitOptions): void {
    const job = this.fake.submit(options);
    this.jobs.push(job);
    this.settled.set(job.id, 0);
    job.onSettled(() => this.settled.set(job.id, this.settled.get(job.id)! + 1));
  }

  #act(worker: FakeWorker, what: 'begin' | 'finish' | 'fail' | 'die' | 'failToLoad'): void {
    const id = this.running.get(worker);
    if (what === 'die') {
      dead.add(worker);
      this.running.delete(worker);
      return worker.die();
    }
    if (what === 'begin') {
      const next = id === undefined ? worker.begin() : null;
      if (next === null) return;
      this.begun.set(next, (this.begun.get(next) ?? 0) + 1);
      this.running.set(worker, next);
      return;
    }
    if (id === undefined) return;
    this.running.delete(worker);
    if (what === 'finish') worker.finish(id, this.#jobTime());
    else if (what === 'fail') worker.fail(new Error('job'));
    else worker.failToLoad('file:///x', new Error('load'));
  }

  /** Nothing that was sent just now had an older or more urgent job before it in the queue that could have run there. */
  #checkOrder(): void {
    for (const worker of this.fake.workers) {
      const ids = worker.allJobs;
      const sent = this.jobs.find((job) => job.id === ids.at(-1))!; // the last of a batch: it was taken out last
      if (ids.length === (this.seen.get(worker) ?? 0)) continue;
      this.seen.set(worker, ids.length);
      const overtaken = this.jobs.filter((job) => job.phase === 'queued' && job.settings.affinity === undefined && goesBefore(job, sent));
      if (this.#options.maxQueue === Infinity) expect(overtaken.map((job) => job.id)).toEqual([]);
    }
  }

  /** Lets everything come to its end. */
  async finish(): Promise<void> {
    for (let i = 0; i < 500 && this.jobs.some((job) => !job.settled); i++) {
      for (const worker of this.fake.workers.filter((w) => !w.terminated && !dead.has(w))) {
        this.#act(worker, 'begin');
        this.#act(worker, 'finish');
      }
      await pass(i < 100 ? 1 : 50); // after many deaths the next worker is not started at once
    }
    this.shutdown ??= this.fake.pool.shutdown(Infinity, false);
    for (const worker of this.fake.workers) if (this.running.has(worker) && !worker.terminated) this.#act(worker, 'finish');
    await pass(2000);
    await this.shutdown;
  }

  check(): void {
    expect([...this.settled.values()].filter((times) => times !== 1)).toEqual([]);
    const mayRun = (job: Job): number => (job.settings.idempotent ? 2 : 1);
    expect(this.jobs.filter((job) => (this.begun.get(job.id) ?? 0) > mayRun(job))).toEqual([]);
    for (const job of this.jobs) if (job.state === 'done') expect(job.result()).toBe(job.id);
    const figures = this.fake.statistics() as Record<'completed' | 'failed' | 'cancelled', number>;
    expect(figures).toMatchObject({ workers: 0, busy: 0, idle: 0, queued: 0, running: 0 });
    // A job that was refused counts nowhere.
    const refused = this.jobs.filter((job) =>
      /_EXECUTOR_FULL|_INVALID_STATE/.test(String((job.error() as { code?: string } | undefined)?.code)),
    );
    expect(figures.completed + figures.failed + figures.cancelled).toBe(this.jobs.length - refused.length);
    expect(figures.completed).toBe(this.jobs.filter((job) => job.state === 'done').length);
    expect(figures.cancelled).toBe(this.jobs.filter((job) => job.state === 'cancelled').length);
  }
}

const dead = new WeakSet<FakeWorker>();

function goesBefore(a: Job, b: Job): boolean {
  const [p, q] = [a.settings.priority, b.settings.priority];
  return p < q || (p === q && a.id < b.id);
}

it('every job settles exactly once, runs at most once, in order, and all figures add up (35, 53, 54)', async () => {
  await fc.assert(
    fc.asyncProperty(pools, times, steps, ending, async (options, ms, history, last) => {
      const play = new Play(options, ms);
      for (const step of history) await play.step(step);
      if (last !== null) await play.step(last);
      await play.finish();
      play.check();
    }),
    { numRuns: 400 },
  );
});
