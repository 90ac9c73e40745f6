import { describe, expect, it, vi } from 'vitest';
import { CancelledError, NotCloneableError, WorkerDiedError } from '../../src/base/errors.ts';
import { currentTask } from '../../src/core/task.ts';
import type { Job } from '../../src/executors/job.ts';
import { Slot } from '../../src/executors/slot.ts';
import type { SlotHost } from '../../src/executors/slot.ts';
import { CODED_VALUE, TAKEN_BACK, VALUE } from '../../src/wire/protocol.ts';
import { move } from '../../src/wire/transfer.ts';
import { registerClass } from '../../src/wire/class-registry.ts';
import { collectReports, FakeWorker } from '../support/fake-worker.ts';
import { makeJob } from '../support/jobs.ts';
import { failure } from '../support/virtual.ts';

const reports = collectReports();

interface Made {
  slot: Slot;
  worker: FakeWorker;
  host: { [K in keyof SlotHost]: ReturnType<typeof vi.fn<SlotHost[K]>> };
}

function makeSlot(): Made {
  const host = {
    slotFree: vi.fn<SlotHost['slotFree']>(),
    slotAdvanced: vi.fn<SlotHost['slotAdvanced']>(),
    slotDied: vi.fn<SlotHost['slotDied']>(),
    jobEnded: vi.fn<SlotHost['jobEnded']>(),
    warn: vi.fn<SlotHost['warn']>(),
  };
  let worker!: FakeWorker;
  const slot = new Slot((listener) => (worker = new FakeWorker(listener)), host);
  return { slot, worker, host };
}

const outcome = (job: Job): unknown => {
  if (!job.settled) return 'unsettled';
  return job.state === 'done' ? job.result() : job.error();
};

describe('a batch', () => {
  it('is posted with what the worker must know, each function once', () => {
    const { slot, worker, host } = makeSlot();
    slot.send([makeJob({}, [1]), makeJob({ name: 'named' }, ['two'])]);
    expect(worker.sent('define')).toHaveLength(1);
    expect(worker.mail.at(-1)).toEqual([1, expect.any(Number), [1], null, 1, expect.any(Number), ['two'], { name: 'named' }]);
    worker.run();
    worker.run();
    slot.send([makeJob()]);
    expect(worker.sent('define')).toHaveLength(1);
    expect(host.slotFree).toHaveBeenCalledTimes(1);
  });

  it('settles each job when its outcome comes, and is over with the last', () => {
    const { slot, worker, host } = makeSlot();
    const jobs = [makeJob(), makeJob(), makeJob()];
    slot.send(jobs);
    expect([slot.busy, slot.working, slot.running, slot.waiting]).toEqual([true, true, 1, 2]);
    worker.run('a');
    expect([outcome(jobs[0]!), outcome(jobs[1]!), slot.running, slot.jobs]).toEqual(['a', 'unsettled', 1, jobs.slice(1)]);
    worker.claim();
    worker.claim();
    worker.say([VALUE, 1, 'b', VALUE, 2, 'c']);
    expect(jobs.map(outcome)).toEqual(['a', 'b', 'c']);
    expect([slot.busy, slot.working, slot.running, slot.jobs]).toEqual([false, false, 0, []]);
    expect(host.slotFree).toHaveBeenCalledExactlyOnceWith(slot, [], expect.any(Number));
    expect(host.jobEnded.mock.calls.map(([job, ms]) => [job, ms])).toEqual([
      [jobs[0], 1],
      [jobs[1], 1],
      [jobs[2], 2],
    ]);
  });

  it('goes on without the one that was taken out of it', async () => {
    const { slot, worker, host } = makeSlot();
    const jobs = [makeJob(), makeJob(), makeJob()];
    slot.send(jobs);
    worker.claim();
    expect(slot.revoke(jobs[0]!)).toBe(false);
    expect(slot.revoke(jobs[1]!)).toBe(true);
    jobs[1]!.cancel();
    jobs[1]!.endCancelled();
    expect([slot.jobs.length, slot.holds(jobs[1]!), slot.holds(jobs[2]!), slot.waiting]).toEqual([2, false, true, 1]);
    worker.finish('first');
    expect(worker.run('last')).toBe(true);
    expect(host.slotFree).toHaveBeenCalledExactlyOnceWith(slot, [], expect.any(Number));
    expect([outcome(jobs[0]!), outcome(jobs[2]!)]).toEqual(['first', 'last']);
    expect(await failure(jobs[1]!)).toBeInstanceOf(CancelledError);
  });

  it('can be taken back as far as it has not begun; the worker is busy until it has gone past that', () => {
    const { slot, worker, host } = makeSlot();
    expect(slot.revokeAll()).toEqual([]);
    const jobs = [makeJob(), makeJob(), makeJob()];
    slot.send(jobs);
    worker.claim();
    expect(slot.revokeAll()).toEqual(jobs.slice(1));
    worker.finish();
    expect([slot.busy, slot.working, slot.running, host.slotFree.mock.calls.length]).toEqual([true, false, 0, 0]);
    expect(worker.claim()).toBe(false);
    expect([slot.busy, host.slotFree.mock.calls.length]).toEqual([false, 1]);
  });

  it('gives back what only the worker knew to be taken back', () => {
    const { slot, worker, host } = makeSlot();
    const jobs = [makeJob(), makeJob(), makeJob()];
    slot.send(jobs);
    worker.say([TAKEN_BACK, 0, null]);
    expect(host.slotAdvanced).toHaveBeenCalledExactlyOnceWith(slot, [jobs[0]]);
    worker.say([TAKEN_BACK, 0, null, TAKEN_BACK, 0, null]);
    expect(host.slotFree).toHaveBeenCalledExactlyOnceWith(slot, jobs.slice(1), expect.any(Number));
  });

  it('gives back only what is less urgent, and not the first, which is as good as begun', () => {
    const { slot } = makeSlot();
    const jobs = [5, 1, 3, 2].map((priority) => makeJob({ priority }));
    slot.send(jobs);
    expect([slot.leastUrgent, slot.revokeAbove(1)]).toEqual([5, [jobs[2], jobs[3]]]);
    expect(slot.jobs).toEqual(jobs.slice(0, 2));
  });

  it('may be followed by another while it runs', () => {
    const { slot, worker, host } = makeSlot();
    const [first, second] = [
      [makeJob(), makeJob()],
      [makeJob(), makeJob()],
    ];
    slot.send(first);
    worker.run('a');
    slot.send(second);
    expect([slot.inFlight, worker.batches]).toEqual([3, 2]);
    for (const value of ['b', 'c', 'd']) worker.run(value);
    expect([...first, ...second].map(outcome)).toEqual(['a', 'b', 'c', 'd']);
    expect([host.slotAdvanced.mock.calls.length, host.slotFree.mock.calls.length]).toEqual([3, 1]);
  });

  it('is heard of from shared memory, with any message or without', () => {
    const { slot, worker, host } = makeSlot();
    const jobs = [makeJob(), makeJob(), makeJob(), makeJob()];
    slot.send(jobs);
    const keep = (value: unknown): void => {
      worker.claim();
      worker.control.keep(worker.control.current, value, 0.5);
    };
    keep(1);
    keep(null);
    worker.claim();
    slot.look();
    expect(jobs.map(outcome)).toEqual([1, null, 'unsettled', 'unsettled']);
    worker.finish('posted');
    keep(undefined);
    expect(outcome(jobs[3]!)).toBe('unsettled');
    worker.say([]);
    expect([outcome(jobs[2]!), outcome(jobs[3]!)]).toEqual(['posted', undefined]);
    expect(host.jobEnded.mock.calls.map(([, ms]) => ms)).toEqual([0.5, 0.5, 1, 0.5]);
    expect(host.slotFree).toHaveBeenCalledTimes(1);
  });

  it('ignores what comes when it is over', () => {
    const { slot, worker, host } = makeSlot();
    slot.send([makeJob()]);
    worker.run();
    worker.finish('again');
    worker.say([TAKEN_BACK, 0, null]);
    expect(host.slotFree).toHaveBeenCalledTimes(1);
  });

  it('knows which job it holds, and since when the running one runs', () => {
    const { slot, worker } = makeSlot();
    const [a, b, other] = [makeJob(), makeJob(), makeJob()];
    slot.send([a, b]);
    expect([slot.holds(a), slot.holds(b), slot.holds(other)]).toEqual([true, true, false]);
    expect([slot.startedAt(a), slot.startedAt(b)]).toEqual([null, null]);
    const before = performance.now();
    worker.claim();
    expect(slot.startedAt(a)).toBeGreaterThanOrEqual(before - 0.1);
    expect(slot.startedAt(a)).toBeLessThanOrEqual(performance.now() + 0.1);
    expect(slot.startedAt(b)).toBe(null);
    worker.finish();
    expect([slot.holds(a), slot.holds(b)]).toEqual([false, true]);
  });
});

describe('arguments', () => {
  it('that cannot be cloned reject that job with their path; the worker gets nothing and takes the next (79, TH-29)', async () => {
    const { slot, worker, host } = makeSlot();
    const bad = makeJob({}, [{ list: [1, () => 0] }]);
    slot.send([bad]);
    expect(await failure(bad)).toBeInstanceOf(NotCloneableError);
    expect(await failure(bad)).toMatchObject({ path: 'args[0].list[1]' });
    expect(worker.batches).toBe(0);
    expect(host.slotFree).toHaveBeenCalledExactlyOnceWith(slot, [], expect.any(Number));
    slot.send([makeJob({}, ['good'])]);
    expect(worker.sent('define')).toHaveLength(1);
    expect(worker.run()).toBe(true);
  });

  it('are moved when they are marked, and only when they are sent', async () => {
    const { slot, worker } = makeSlot();
    const [kept, moved] = [new Uint8Array(8), new Uint8Array(8)];
    slot.send([makeJob({}, [move(kept), () => 0])]);
    await Promise.resolve();
    expect(kept.byteLength).toBe(8);
    slot.send([makeJob({}, [{ inside: move(moved) }])]);
    expect(moved.byteLength).toBe(0);
    expect(worker.mail.at(-1)![2 as never]).toEqual([{ inside: new Uint8Array(8) }]);
  });

  it('that cannot be cloned harm nobody else in the batch', async () => {
    const { slot, worker, host } = makeSlot();
    const jobs = [makeJob({}, ['a']), makeJob({}, [() => 0]), makeJob({}, ['c'])];
    slot.send(jobs);
    expect(await failure(jobs[1]!)).toMatchObject({ path: 'args[0]' });
    expect(worker.allJobs).toEqual([jobs[0]!.id, jobs[2]!.id]);
    worker.run('a');
    worker.run('c');
    expect([outcome(jobs[0]!), outcome(jobs[2]!)]).toEqual(['a', 'c']);
    expect(host.slotFree).toHaveBeenCalledTimes(1);
  });

  it('that the codec of their class cannot encode reject that job, not the caller', async () => {
    class Stubborn {
      readonly mood = 'bad';
    }
    const encode = (): never => {
      throw new Error('not today');
    };
    registerClass('slot.test.Stubborn', Stubborn, { encode, decode: () => new Stubborn() });
    const { slot, worker, host } = makeSlot();
    const job = makeJob({}, [new Stubborn()]);
    expect(() => slot.send([job])).not.toThrow();
    expect(await failure(job)).toMatchObject({ code: 'OFFLOOP_CODEC_FAILED', cause: { message: 'not today' } });
    expect([worker.batches, slot.busy]).toEqual([0, false]);
    expect(host.slotFree).toHaveBeenCalledTimes(1);
  });
});

describe('a result', () => {
  it('whose class is not known here rejects that job only', async () => {
    const { slot, worker, host } = makeSlot();
    const jobs = [makeJob(), makeJob()];
    slot.send(jobs);
    worker.claim();
    worker.claim();
    worker.say([CODED_VALUE, 1, { 'offloop:class': 'slot.test.Unknown', data: {} }, VALUE, 1, 'fine']);
    expect(await failure(jobs[0]!)).toMatchObject({ code: 'OFFLOOP_INVALID_STATE' });
    expect(outcome(jobs[1]!)).toBe('fine');
    expect(host.slotFree).toHaveBeenCalledTimes(1);
  });
});

describe('starting up', () => {
  it('ends with the word of the worker; jobs may be sent before', async () => {
    const { slot, worker } = makeSlot();
    const job = makeJob();
    slot.send([job]);
    const warm = slot.warmup();
    expect(slot.isReady).toBe(false);
    worker.ready();
    await warm;
    expect([slot.isReady, worker.alive]).toEqual([true, true]);
    worker.run();
    expect(worker.alive).toBe(false);
    await slot.warmup();
  });

  it('that fails costs the jobs that were sent, and the worker is of no use', async () => {
    const { slot, worker, host } = makeSlot();
    const job = makeJob({ name: 'mine' });
    slot.send([job]);
    const warm = failure(slot.warmup());
    worker.unready(new Error('no preload'));
    expect(await warm).toMatchObject({ why: 'load-failed', job: '' });
    expect(await failure(job)).toMatchObject({ why: 'load-failed', job: 'mine', cause: { message: 'no preload' } });
    expect([slot.retired, slot.failedStart]).toEqual([true, true]);
    expect(host.slotFree).toHaveBeenCalledTimes(1);
  });
});

describe('the end of a worker', () => {
  it('blames the job that was claimed last; those after it are given back', async () => {
    const { slot, worker, host } = makeSlot();
    const jobs = [makeJob({ name: 'a' }), makeJob({ name: 'b' }), makeJob({ name: 'c' })];
    slot.send(jobs);
    worker.ready();
    worker.run('done');
    worker.claim();
    worker.die({ why: 'out-of-memory', cause: new Error('heap') });
    expect(outcome(jobs[0]!)).toBe('done');
    expect(await failure(jobs[1]!)).toMatchObject({ job: 'b', why: 'out-of-memory' });
    expect(outcome(jobs[2]!)).toBe('unsettled');
    expect(host.slotDied).toHaveBeenCalledExactlyOnceWith(slot, expect.anything(), [jobs[2]], false);
    expect(host.slotFree).not.toHaveBeenCalled();
  });

  it('counts what it said last, also when that was the end of the batch', () => {
    const { slot, worker, host } = makeSlot();
    const job = makeJob();
    slot.send([job]);
    worker.claim();
    worker.die({}, [{ type: 'warning', file: 'f', text: 't' }, [VALUE, 1, 'last word']]);
    expect(outcome(job)).toBe('last word');
    expect(host.warn).toHaveBeenCalledExactlyOnceWith('f', 't');
    expect(host.slotFree).not.toHaveBeenCalled();
    expect(host.slotDied).toHaveBeenCalledExactlyOnceWith(slot, expect.anything(), [], true);
  });

  it('counts what stands in shared memory, and blames the next', async () => {
    const { slot, worker, host } = makeSlot();
    const jobs = [makeJob(), makeJob(), makeJob()];
    slot.send(jobs);
    worker.ready();
    worker.claim();
    worker.control.keep(1, 42, 1);
    worker.claim();
    worker.die();
    expect(outcome(jobs[0]!)).toBe(42);
    expect(await failure(jobs[1]!)).toBeInstanceOf(WorkerDiedError);
    expect(host.slotDied).toHaveBeenCalledExactlyOnceWith(slot, expect.anything(), [jobs[2]], false);
  });

  it('gives back once what it took back with its last word', () => {
    const { slot, worker, host } = makeSlot();
    const jobs = [makeJob(), makeJob(), makeJob()];
    slot.send(jobs);
    worker.ready();
    worker.run('done');
    worker.die({}, [[TAKEN_BACK, 0, null]]);
    expect(host.slotDied).toHaveBeenCalledExactlyOnceWith(slot, expect.anything(), jobs.slice(1), true);
  });

  it('at the start blames the first job, although it had not begun', async () => {
    const { slot, worker, host } = makeSlot();
    const jobs = [makeJob(), makeJob()];
    slot.send(jobs);
    worker.die();
    expect(await failure(jobs[0]!)).toBeInstanceOf(WorkerDiedError);
    expect(slot.failedStart).toBe(true);
    expect(host.slotDied).toHaveBeenCalledExactlyOnceWith(slot, expect.anything(), [jobs[1]], false);
  });

  it('by a kill hands back what was not finished; late messages are ignored (119)', async () => {
    const { slot, worker } = makeSlot();
    const jobs = [makeJob(), makeJob()];
    slot.send(jobs);
    worker.run();
    const killed = slot.terminate();
    expect(killed.jobs).toEqual([jobs[1]]);
    await killed.gone;
    expect([slot.busy, slot.retired]).toEqual([false, true]);
    worker.finish('too late');
    expect(outcome(jobs[1]!)).toBe('unsettled');
  });

  it('ends a warmup that waits for it', async () => {
    const { slot } = makeSlot();
    const warm = failure(slot.warmup());
    void slot.terminate();
    expect(await warm).toMatchObject({ why: 'terminated', message: 'The worker died while it started: the worker was terminated' });
  });

  it('after its goodbye is orderly', async () => {
    const { slot, worker } = makeSlot();
    worker.ready();
    const goodbye = slot.farewell();
    expect([slot.retired, worker.sent('goodbye').length, worker.alive]).toEqual([true, 1, true]);
    worker.say({ type: 'goodbye' });
    await goodbye;
  });
});

describe('progress', () => {
  it('reaches the job it belongs to, in its context', () => {
    const { slot, worker } = makeSlot();
    const heard: unknown[] = [];
    const job = makeJob({ onProgress: (p) => heard.push([p, currentTask() === job]) });
    const silent = makeJob();
    slot.send([job, silent]);
    worker.claim();
    worker.say({ type: 'progress', id: job.id, value: 1 });
    worker.say({ type: 'progress', id: silent.id, value: 2 });
    worker.say({ type: 'progress', id: -1, value: 3 });
    worker.finish();
    worker.say({ type: 'progress', id: job.id, value: 4 });
    expect(heard).toEqual([[1, true]]);
  });

  it('whose listener throws is reported and harms nobody', () => {
    const { slot, worker } = makeSlot();
    const broken = (): never => {
      throw new Error('listener');
    };
    const job = makeJob({ name: 'talker', onProgress: broken });
    slot.send([job]);
    worker.claim();
    worker.say({ type: 'progress', id: job.id, value: 1 });
    worker.finish('ok');
    expect(outcome(job)).toBe('ok');
    expect(reports.map(({ message, error }) => [message, (error as Error).message])).toEqual([
      ['Exception in onProgress of job "talker"', 'listener'],
    ]);
  });
});
