/**
 * `tg.start`: a child that says when it is ready (trio's `nursery.start`). Until then the child belongs to whoever called
 * `start`, so that a caller who gives up takes the half-started child along, and its failure is an error of that call. From
 * then on it is a child of the group like any other.
 */
import { InvalidStateError } from '../base/errors.ts';
import type { Scope } from './scope.ts';
import { TaskCore } from './task.ts';
import type { MaybePromise, Task, TaskContext, TaskFn, TaskOwner } from './task.ts';

/** What the function of `tg.start` receives. */
export interface StartContext<V> extends TaskContext {
  /** Says that the child is ready: `start` resolves with `value`, and the child moves into the group. Once only. */
  started(value: V): void;
}

export type StartFn<V, T> = (ctx: StartContext<V>) => MaybePromise<T>;

export interface Started<V, T> {
  value: V;
  task: Task<T>;
}

/** The group, as the start of one of its children sees it. */
export interface StartHost {
  readonly inside: Scope;
  /** A child has ended that was ready. */
  taskSettled(task: TaskCore): void;
  /** A child has ended that was not: the caller of `start` hears how. */
  startEnded(): void;
}

export class Starting<V, T> implements TaskOwner {
  readonly task: TaskCore<T>;
  readonly promise: Promise<Started<V, T>>;
  readonly #host: StartHost;
  #resolve!: (started: Started<V, T>) => void;
  #reject!: (error: unknown) => void;
  #said: { value: V } | null = null;
  #moved = false;

  constructor(host: StartHost, caller: Scope, name: string) {
    this.#host = host;
    this.task = new TaskCore<T>(caller, name, this);
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** What the task runs: `fn`, with the context that can say `started`. */
  body(fn: StartFn<V, T>): TaskFn<T> {
    const { task } = this;
    const started = (value: V): void => this.#started(value);
    const ctx: StartContext<V> = {
      get signal() {
        return task.signal;
      },
      task,
      started,
    };
    return () => fn(ctx);
  }

  #started(value: V): void {
    const name = JSON.stringify(this.task.name);
    if (this.#said !== null) throw new InvalidStateError(`Task ${name} said before that it has started`);
    if (this.task.settled) throw new InvalidStateError(`Task ${name} has ended: it is too late to say that it has started`);
    this.#said = { value };
    // The caller has given up, and waits for the end of the child. It must not escape into the group now.
    if (this.task.effective !== null) return;
    this.#moved = true;
    this.task.transferTo(this.#host.inside);
    this.#resolve({ value, task: this.task });
  }

  taskSettled(task: TaskCore): void {
    if (this.#moved) return this.#host.taskSettled(task);
    if (this.task.state !== 'done') this.#reject(this.task.error());
    else if (this.#said !== null) this.#resolve({ value: this.#said.value, task: this.task });
    else this.#reject(new InvalidStateError(`Task ${JSON.stringify(task.name)} ended without saying that it has started`));
    this.#host.startEnded();
  }
}
