/**
 * The names users can import, all of them. A name added or lost by accident fails here; when it was on purpose,
 * copy the list from the failure below, and give users a line in CHANGELOG.md.
 */
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';

const surface: Record<string, string> = {
  'src/index.ts': `
    AsyncEvent
    Barrier
    BoundedSemaphore
    BrokenBarrierError
    BrokenResourceError
    BusyResourceError
    CancelScope
    CancelledError
    CapacityLimiter
    CircuitBreaker
    CircuitOpenError
    ClosedResourceError
    Condition
    Deferred
    ExecutorFullError
    FreeVariableError
    FunctionNotFoundError
    InlineExecutor
    InvalidStateError
    LifoQueue
    Lock
    LoopMonitor
    NotCloneableError
    OffloopError
    PriorityQueue
    ProcessPoolExecutor
    Queue
    QueueEmpty
    QueueFull
    QueueShutDown
    RateLimiter
    ResourcePool
    Semaphore
    TaskGroupError
    ThreadPoolExecutor
    TimeoutError
    WorkerDiedError
    WouldBlock
    abortable
    actor
    allTasks
    asCompleted
    background
    bindContext
    callAt
    callLater
    callSoon
    callback
    captureCallGraph
    carryContext
    channel
    checkpoint
    currentEffectiveDeadline
    currentScope
    currentSignal
    currentTask
    expectNoBlock
    formatCallGraph
    fromModule
    gather
    ignoreBlocks
    isCancelled
    map
    move
    moveOnAfter
    now
    offload
    openSignalReceiver
    race
    registerClass
    resource
    retry
    run
    runInExecutor
    setDebug
    setDefaultExecutor
    setExceptionHandler
    shield
    shutdownDefaultExecutor
    sleep
    sleepForever
    sleepUntil
    staggeredRace
    throwIfCancelled
    timeout
    timeoutAt
    toThread
    wait
    waitFor
    withSignal
    withTaskGroup
  `,
  'src/testing/index.ts': `
    MockClock
    Sequencer
    assertCheckpoints
    blockLoop
    waitAllTasksBlocked
  `,
  'src/monitor/preload.ts': ``,
  'src/telemetry/opentelemetry.ts': `
    instrument
  `,
  'src/telemetry/prometheus.ts': `
    collect
    metricsHandler
  `,
  'src/executors/remote.ts': `
    RemoteExecutor
    RemoteJobLostError
    RemoteRefusedError
    RemoteUnavailableError
    RemoteUnsupportedError
    startRemoteWorker
  `,
  'workers/index.ts': `
    checkCancelled
    currentJob
    progress
  `,
};

async function load(path: string): Promise<Record<string, unknown>> {
  const url = new URL(`../${path}`, import.meta.url);
  return existsSync(url) ? ((await import(url.href)) as Record<string, unknown>) : {};
}

/** One name per line: the diff shows the one that changed. */
const lines = (names: string[]): string => names.sort().join('\n');

it.each(Object.entries(surface))('%s exports what the list says', async (path, names) => {
  expect(lines(Object.keys(await load(path)))).toBe(lines(names.split(/\s+/).filter(Boolean)));
});

it('nothing is exported twice, under one name or two', async () => {
  const modules = await Promise.all(Object.keys(surface).map(load));
  const names = modules.flatMap((module) => Object.keys(module));
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  const things = modules.flatMap((module) => Object.entries(module)).filter(([, thing]) => thing instanceof Object);
  expect(things.filter(([, thing], i) => things.findIndex(([, other]) => other === thing) !== i).map(([name]) => name)).toEqual([]);
});
