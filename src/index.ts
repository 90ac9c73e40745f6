/**
 * offloop keeps a Node.js event loop free, and proves it.
 *
 * The floors, from the ground up; imports point down only (docs/architecture.md expands this map):
 *   base       errors, clock, lists, validation
 *   wire       what crosses a thread or process: messages, error codec, transfer
 *   core       the kernel: run, scopes, tasks, groups, timeouts, combinators
 *   sync       primitives that stand on the kernel's one waiter queue
 *   resilience policies for what fails, is slow, or is scarce
 *   executors  functions off the loop
 *   monitor    what the loop suffered
 *   debug      who waits for whom, and mistakes that show only later
 * The far side, the code that runs inside a worker, is in workers/.
 *
 * @module offloop
 */

// errors
export {
  BrokenBarrierError,
  BrokenResourceError,
  BusyResourceError,
  CancelledError,
  CircuitOpenError,
  ClosedResourceError,
  ExecutorFullError,
  FreeVariableError,
  FunctionNotFoundError,
  InvalidStateError,
  isCancelled,
  NotCloneableError,
  OffloopError,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
  TaskGroupError,
  TimeoutError,
  WorkerDiedError,
  WouldBlock,
} from './base/errors.ts';
export type { CancelSource, ErrorMatcher, OffloopErrorCode } from './base/errors.ts';

// run
export { run } from './core/run.ts';
export type { RunOptions } from './core/run.ts';
export { setExceptionHandler } from './core/exceptions.ts';
export type { ExceptionContext, ExceptionHandler } from './core/runtime.ts';

// scopes and time limits
export { CancelScope } from './core/cancel-scope.ts';
export type { ScopeOptions } from './core/cancel-scope.ts';
export { moveOnAfter, shield, timeout, timeoutAt } from './core/timeout.ts';
export type { TimeoutOptions } from './core/timeout.ts';
export { currentEffectiveDeadline, currentScope, currentSignal } from './core/current-scope.ts';
export { checkpoint, throwIfCancelled } from './core/checkpoint.ts';
export { abortable, withSignal } from './core/foreign.ts';
export { waitFor } from './core/wait-for.ts';
export { bindContext } from './core/bind-context.ts';

// tasks
export { withTaskGroup } from './core/task-group.ts';
export type { GroupOptions, SpawnOptions, TaskGroup } from './core/task-group.ts';
export type { StartContext, Started, StartFn } from './core/start.ts';
export { background } from './core/background.ts';
export { currentTask } from './core/task.ts';
export type { MaybePromise, Task, TaskContext, TaskFn, TaskState } from './core/task.ts';
export { gather } from './core/gather.ts';
export type { GatherOptions, ResultOf, Results, Settled, Source } from './core/gather.ts';
export { map } from './core/map.ts';
export { wait } from './core/wait.ts';
export type { WaitOptions } from './core/wait.ts';
export { asCompleted } from './core/as-completed.ts';
export type { AsCompletedOptions, Completed } from './core/as-completed.ts';
export { race } from './core/race.ts';
export { staggeredRace } from './core/staggered-race.ts';
export type { StaggeredResult } from './core/staggered-race.ts';
export { Deferred } from './core/deferred.ts';
export type { DeferredState } from './core/deferred.ts';
export { resource } from './core/resource.ts';
export type { Usable } from './core/resource.ts';

// callbacks and signals
export { callAt, callLater, callSoon } from './core/callbacks.ts';
export type { Handle } from './core/callbacks.ts';
export { openSignalReceiver } from './core/signal-receiver.ts';

// time
export { now, sleep, sleepForever, sleepUntil } from './core/sleep.ts';
export type { Clock } from './base/clock.ts';

// synchronisation
export type { Guard } from './sync/guard.ts';
export { Lock } from './sync/lock.ts';
export type { LockStats } from './sync/lock.ts';
export { Semaphore } from './sync/semaphore.ts';
export type { SemaphoreOptions, SemaphoreStats } from './sync/semaphore.ts';
export { BoundedSemaphore } from './sync/bounded-semaphore.ts';
export { AsyncEvent } from './sync/event.ts';
export type { EventStats } from './sync/event.ts';
export { Condition } from './sync/condition.ts';
export type { ConditionStats } from './sync/condition.ts';
export { Barrier } from './sync/barrier.ts';
export type { BarrierState, BarrierStats } from './sync/barrier.ts';
export { CapacityLimiter } from './sync/capacity-limiter.ts';
export type { LimiterStats } from './sync/capacity-limiter.ts';
export { Queue } from './sync/queue.ts';
export type { QueueStats } from './sync/queue.ts';
export { LifoQueue } from './sync/lifo-queue.ts';
export { PriorityQueue } from './sync/priority-queue.ts';
export { channel } from './sync/channel.ts';
export type { ChannelStats, ReceiveChannel, SendChannel } from './sync/channel.ts';

// resilience
export { retry } from './resilience/retry.ts';
export type { RetryOptions } from './resilience/retry.ts';
export { CircuitBreaker } from './resilience/circuit-breaker.ts';
export type { CircuitBreakerOptions, CircuitState, CircuitStats } from './resilience/circuit-breaker.ts';
export { RateLimiter } from './resilience/rate-limiter.ts';
export type { RateLimiterOptions, RateLimiterStats } from './resilience/rate-limiter.ts';
export { ResourcePool } from './resilience/resource-pool.ts';
export type { ResourcePoolStats } from './resilience/resource-pool.ts';
export type { ResourcePoolOptions } from './resilience/pool-options.ts';
export type { Lease } from './resilience/lease.ts';

// off the loop
export { actor } from './executors/actor.ts';
export type { Actor, ActorOptions, Remote } from './executors/actor.ts';
export type { ActorCallEndedEvent, ActorCallEvent, ActorCallStartedEvent } from './executors/actor-events.ts';
export type { ActorStats } from './executors/actor-stats.ts';
export { fromModule, offload } from './executors/offload.ts';
export type { FromModule } from './executors/offload.ts';
export { runInExecutor, setDefaultExecutor, shutdownDefaultExecutor, toThread } from './executors/default-executor.ts';

export { InlineExecutor } from './executors/inline.ts';
export { ProcessPoolExecutor } from './executors/process.ts';
export { ThreadPoolExecutor } from './executors/thread.ts';
export type {
  Executor,
  ExecutorStats,
  MapOptions,
  Offloaded,
  OffloadedFn,
  OffloadedStream,
  OnCancel,
  PoolOptions,
  SubmitOptions,
} from './executors/executor.ts';
export { callback } from './executors/callback.ts';
export { carryContext } from './executors/carry-context.ts';
export type { ContextCodec } from './executors/carry-context.ts';
export type { FunctionStats } from './executors/function-stats.ts';
export type {
  ExecutorEndedEvent,
  ExecutorLabel,
  JobEndedEvent,
  JobEvent,
  JobStartedEvent,
  JobSubmittedEvent,
} from './executors/job-events.ts';
export type { Percentiles } from './executors/percentiles.ts';
export { move } from './wire/transfer.ts';
export { registerClass } from './wire/class-registry.ts';
export type { ClassCodec } from './wire/class-registry.ts';

// debug and introspection
export { allTasks } from './debug/all-tasks.ts';
export { captureCallGraph, formatCallGraph } from './debug/call-graph.ts';
export type { CallGraph, CallGraphOptions } from './debug/call-graph.ts';
export { setDebug } from './debug/set-debug.ts';
export type { DebugOptions, Instrument } from './core/probe.ts';
export type { TaskSettledEvent, TaskSpawnedEvent } from './debug/task-events.ts';

// what the loop suffered
export { LoopMonitor } from './monitor/loop-monitor.ts';
export type { LagSnapshot } from './monitor/loop-monitor.ts';
export type { BlockCause, MonitorOptions, SlowReport, StackFrame } from './base/slow-report.ts';
export { expectNoBlock } from './monitor/expect-no-block.ts';
export { ignoreBlocks } from './monitor/ignore-blocks.ts';
