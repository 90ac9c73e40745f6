/** Sentences of the contract that hold for the whole in-loop surface, each asked of every call. */
import { describe, expect, it } from 'vitest';
import * as offloop from '../src/index.ts';
import { assertCheckpoints, MockClock, Sequencer, waitAllTasksBlocked } from '../src/testing/index.ts';
import { failure, virtually } from './support/virtual.ts';

const { AsyncEvent, background, Barrier, CancelScope, CapacityLimiter, channel, checkpoint, Condition, Deferred } = offloop;
const { CircuitBreaker, RateLimiter, ResourcePool, retry } = offloop;
const { gather, Lock, LifoQueue, map, PriorityQueue, Queue, race, resource, Semaphore, shield, sleep, staggeredRace, timeout } = offloop;

const used = resource(async function* () {
  yield 1;
});

/** A queue with one item, a set event, and so on: what a call needs so that it does not wait. */
function ready(fn: () => Promise<void>): Record<string, () => PromiseLike<unknown>> {
  const [queue, heap, stack] = [new Queue<number>(2), new PriorityQueue<number>(2), new LifoQueue<number>(2)];
  for (const q of [queue, heap, stack]) q.putNowait(1);
  const [send, receive] = channel<number>(2);
  send.sendNowait(1);
  const event = new AsyncEvent();
  event.set();
  const deferred = new Deferred<number>();
  deferred.resolve(1);
  const task = background(async () => 1, { eager: true });
  const limiter = new RateLimiter({ rate: 9 });
  const pool = new ResourcePool({ create: () => 1, max: 9 });
  return {
    retry: () => retry(fn),
    'CircuitBreaker.call': () => new CircuitBreaker().call(fn),
    'RateLimiter.acquire': () => limiter.acquire(),
    'ResourcePool.acquire': () => pool.acquire(),
    'ResourcePool.use': () => pool.use(fn),
    'ResourcePool.close': () => new ResourcePool({ create: fn, max: 1 }).close(),
    'Queue.put': () => queue.put(2),
    'Queue.get': () => queue.get(),
    'Queue.join': () => new Queue().join(),
    'a step of a loop over a queue': () => queue[Symbol.asyncIterator]().next(),
    'PriorityQueue.put': () => heap.put(2),
    'PriorityQueue.get': () => heap.get(),
    'LifoQueue.get': () => stack.get(),
    'SendChannel.send': () => send.send(2),
    'ReceiveChannel.receive': () => receive.receive(),
    'a step of a loop over a channel': () => receive[Symbol.asyncIterator]().next(),
    'Lock.acquire': () => new Lock().acquire(),
    'Lock.run': () => new Lock().run(fn),
    'Semaphore.acquire': () => new Semaphore().acquire(),
    'Semaphore.run': () => new Semaphore().run(fn),
    'AsyncEvent.wait': () => event.wait(),
    'CapacityLimiter.acquire': () => new CapacityLimiter(1).acquire(),
    'CapacityLimiter.acquireFor': () => new CapacityLimiter(1).acquireFor('x'),
    'CapacityLimiter.run': () => new CapacityLimiter(1).run(fn),
    'Condition.acquire': () => new Condition().acquire(),
    'Condition.waitFor': () => new Condition().waitFor(() => true),
    'Barrier.wait': () => new Barrier(1).wait(),
    'awaiting a Deferred': () => deferred.then(),
    'awaiting a Task': () => task.then(),
    'Task.wait': () => task.wait(),
    gather: () => gather([fn]),
    'gather, settle': () => gather([fn], { settle: true }),
    'gather of nothing': () => gather([]),
    map: () => map([1], fn),
    'map of nothing': () => map([], fn),
    race: () => race([fn]),
    staggeredRace: () => staggeredRace([fn], 1),
    'staggeredRace of nothing': () => staggeredRace([], 1),
    wait: () => offloop.wait([task]),
    waitFor: () => offloop.waitFor(fn, 1),
    'waitFor without a limit': () => offloop.waitFor(fn, null),
    'a step of asCompleted': () => offloop.asCompleted([Promise.resolve(1)]).next(),
    withSignal: () => offloop.withSignal(fn),
    abortable: () => offloop.abortable(Promise.resolve(1)),
    'sleep(0)': () => sleep(0),
    sleepUntil: () => offloop.sleepUntil(-1),
    checkpoint: () => checkpoint(),
    'resource.use': () => used().use(fn),
    waitAllTasksBlocked: () => waitAllTasksBlocked(),
    'Sequencer.at': () => new Sequencer().at(0),
  };
}
const names = Object.keys(ready(async () => {}));

describe('every promise-returning call is a checkpoint', () => {
  it.each(names)('%s throws in a cancelled scope, with its reason, and has done nothing', (name) =>
    virtually(async () => {
      let called = 0;
      const fn = async (): Promise<void> => void called++;
      await new CancelScope().run(async (scope) => {
        const call = ready(fn)[name] as () => PromiseLike<unknown>;
        scope.cancel('enough');
        expect(await failure(() => call())).toMatchObject({ name: 'CancelledError', source: 'explicit', reason: 'enough', by: 'main' });
      });
      expect(called).toBe(0);
    }),
  );

  it.each(names)('%s asks also when it need not wait', (name) =>
    virtually(async () => {
      await assertCheckpoints(ready(checkpoint)[name] as () => PromiseLike<unknown>);
    }),
  );
});

describe('entering a scope is no checkpoint: the body starts, and its first checkpoint throws', () => {
  const forms: Record<string, (body: () => Promise<void>) => Promise<unknown>> = {
    'CancelScope.run': (body) => new CancelScope().run(body),
    timeout: (body) => timeout(5, body),
    timeoutAt: (body) => offloop.timeoutAt(5, body),
    moveOnAfter: (body) => offloop.moveOnAfter(5, body),
    withTaskGroup: (body) => offloop.withTaskGroup(body),
  };
  it.each(Object.keys(forms))('%s', (name) =>
    virtually(async () => {
      const log: string[] = [];
      const scope = new CancelScope();
      await scope.run(async () => {
        scope.cancel();
        await forms[name]?.(async () => {
          log.push('started');
          await checkpoint();
          log.push('never');
        });
      });
      expect([log, scope.cancelledCaught]).toEqual([['started'], true]);
    }),
  );

  it('shield, whose body is not disturbed at all', () =>
    virtually(async () => {
      const log: string[] = [];
      await new CancelScope().run(async (scope) => {
        scope.cancel();
        await shield(() => sleep(1).then(() => log.push('done')));
        await checkpoint();
        log.push('never');
      });
      expect(log).toEqual(['done']);
    }));
});

describe('no tryX, xNowait and statistics call is a checkpoint', () => {
  it('all work in a cancelled scope', () =>
    virtually(() =>
      new CancelScope().run(async (scope) => {
        scope.cancel();
        const queue = new Queue<number>(1);
        const [send, receive] = channel<number>(1);
        queue.putNowait(1);
        send.sendNowait(2);
        expect([queue.getNowait(), receive.receiveNowait()]).toEqual([1, 2]);
        for (const held of [new Lock(), new Semaphore(), new CapacityLimiter(1)]) {
          const guard = held.tryAcquire();
          expect(guard).not.toBeNull();
          guard?.release();
          expect(held.statistics().waiting).toBe(0);
        }
        expect([queue.statistics().size, send.statistics().buffered]).toEqual([0, 0]);
        const limiter = new RateLimiter({ rate: 1 });
        expect([limiter.tryAcquire(), limiter.tryAcquire(), limiter.statistics().available]).toEqual([true, false, 0]);
        limiter.pauseUntil(1);
        expect([new CircuitBreaker().state, new ResourcePool({ create: () => 1, max: 1 }).statistics().size]).toEqual(['closed', 0]);
      }),
    ));
});

describe('a call that returns a promise rejects bad input: it never throws into the face of who collects promises', () => {
  const bad = 5 as never;
  const calls: Record<string, () => PromiseLike<unknown>> = {
    sleep: () => sleep(NaN),
    sleepUntil: () => offloop.sleepUntil('now' as never),
    timeout: () => timeout(5, bad),
    'timeout without ms': () => timeout(undefined as never, async () => {}),
    timeoutAt: () => offloop.timeoutAt(NaN, async () => {}),
    moveOnAfter: () => offloop.moveOnAfter(NaN, async () => {}),
    shield: () => shield(async () => {}, { timeout: NaN }),
    waitFor: () => offloop.waitFor(bad, 1),
    'CancelScope.run': () => new CancelScope().run(bad),
    withTaskGroup: () => offloop.withTaskGroup(bad),
    'withTaskGroup, option': () => offloop.withTaskGroup(() => {}, { limits: 1 } as never),
    'tg.start': () => offloop.withTaskGroup((tg) => tg.start(bad), { errors: 'first' }),
    gather: () => gather(bad),
    map: () => map(bad, () => {}),
    wait: () => offloop.wait([]),
    race: () => race([]),
    staggeredRace: () => staggeredRace(bad, 1),
    withSignal: () => offloop.withSignal(bad),
    abortable: () => offloop.abortable(bad),
    'resource.use': () => used().use(bad),
    'Lock.run': () => new Lock().run(bad),
    'Semaphore.run': () => new Semaphore().run(bad),
    'CapacityLimiter.run': () => new CapacityLimiter(1).run(bad),
    'Condition.waitFor': () => new Condition().waitFor(bad),
    retry: () => retry(bad),
    'retry, option': () => retry(async () => {}, { retries: 1 } as never),
    'CircuitBreaker.call': () => new CircuitBreaker().call(bad),
    'RateLimiter.acquire': () => new RateLimiter({ rate: 1 }).acquire(2),
    'ResourcePool.use': () => new ResourcePool({ create: () => 1, max: 1 }).use(bad),
    'PriorityQueue.put': () => new PriorityQueue<unknown>().put({}),
    run: () => offloop.run(bad),
    'MockClock.jump': () => new MockClock().jump(-1),
    waitAllTasksBlocked: () => waitAllTasksBlocked({ cushion: -1 }),
    assertCheckpoints: () => assertCheckpoints(bad),
    'Sequencer.at': () => new Sequencer().at(-1),
  };
  it.each(Object.keys(calls))('%s', async (name) => {
    const call = calls[name] as () => PromiseLike<unknown>;
    let promise: PromiseLike<unknown> | undefined;
    const collect = async (): Promise<unknown> => await (promise = call());
    const error = (await failure(name === 'run' ? collect() : virtually(collect))) as Error & { code: string };
    expect(promise, 'it threw before there was a promise').toBeDefined();
    expect(error.message).toMatch(/^(Expected|Unknown option) /);
    expect(['OFFLOOP_INVALID_ARGUMENT TypeError', 'OFFLOOP_OUT_OF_RANGE RangeError']).toContain(`${error.code} ${error.name}`);
  });
});
