/**
 * offloop keeps a Node.js event loop free, and proves it.
 *
 * The floors, from the ground up; imports point down only (docs/architecture.md expands this map):
 *   base       errors, clock, lists, validation
 *   wire       what crosses a thread or process: messages, error codec, transfer
 *   core       the kernel: run, scopes, tasks, groups, timeouts, combinators
 *   sync       primitives that stand on the kernel's one waiter queue
 *   executors  functions off the loop
 *   monitor    what the loop suffered
 * The far side, the code that runs inside a worker, is in workers/.
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

// tasks
export { withTaskGroup } from './core/task-group.ts';
export type { GroupOptions, SpawnOptions, TaskGroup } from './core/task-group.ts';
export { background } from './core/background.ts';
export { currentTask } from './core/task.ts';
export type { MaybePromise, Task, TaskContext, TaskFn, TaskState } from './core/task.ts';
export { gather } from './core/gather.ts';
export type { GatherOptions, ResultOf, Results, Settled, Source } from './core/gather.ts';
export { map } from './core/map.ts';

// time
export { now, sleep, sleepForever, sleepUntil } from './core/sleep.ts';
export type { Clock } from './base/clock.ts';

// synchronisation
export { Semaphore } from './sync/semaphore.ts';
export type { Guard, SemaphoreOptions } from './sync/semaphore.ts';
export { Queue } from './sync/queue.ts';
export type { QueueStats } from './sync/queue.ts';

// off the loop
export { fromModule, offload } from './executors/offload.ts';
export type { FromModule } from './executors/offload.ts';
export { runInExecutor, setDefaultExecutor, shutdownDefaultExecutor, toThread } from './executors/default-executor.ts';
export { ThreadPoolExecutor } from './executors/thread.ts';
export type { Executor, ExecutorStats, MapOptions, Offloaded, OffloadedFn, OnCancel, PoolOptions, SubmitOptions } from './executors/executor.ts';
export type { Percentiles } from './executors/percentiles.ts';
export { move } from './wire/transfer.ts';
export { registerClass } from './wire/class-registry.ts';
export type { ClassCodec } from './wire/class-registry.ts';

// what the loop suffered
export { LoopMonitor } from './monitor/loop-monitor.ts';
export type { LagSnapshot, MonitorOptions } from './monitor/loop-monitor.ts';
