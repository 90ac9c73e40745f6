/**
 * Who looks in: one observer per run that is in debug mode or has instruments. The kernel's probe is set while there is at
 * least one, and passes each event to the observer of the run it happened in.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { SlowReport } from '../base/slow-report.ts';
import { setProbe } from '../core/probe.ts';
import type { Instrument, Probe } from '../core/probe.ts';
import type { ExceptionContext, Runtime } from '../core/runtime.ts';
import { here } from '../core/scope.ts';
import type { Scope, ScopeMember } from '../core/scope.ts';
import type { TaskCore } from '../core/task.ts';
import { watchLag } from './debug-monitor.ts';
import { findDeadlock } from './deadlock.ts';
import { reportFloating } from './floating.ts';
import { forgetHoldings, gave, took } from './holdings.ts';
import { Instruments } from './instruments.ts';
import type { Mode } from './mode.ts';
import { begun, ended, forgetPending } from './pending.ts';
import { rememberSite, siteOf } from './sites.ts';
import { captureSite, shortPlaceOf, textOf } from './stack.ts';
import type { Site } from './stack.ts';
import { forgetInterrupts, noteInterrupt, reportSwallowed } from './swallowed.ts';
import { describeWait } from '../core/waits.ts';

class Observer {
  mode: Mode = null;
  readonly instruments: Instruments;
  /** While the first observers end, later ones may have come: only idle ones may go. */
  running = false;

  constructor(runtime: Runtime, instruments: readonly Instrument[]) {
    this.instruments = new Instruments(runtime, instruments);
  }

  readonly capture = (): Site => captureSite(this.mode?.stackDepth ?? 0);

  get idle(): boolean {
    return this.mode === null && this.instruments.size === 0 && !this.running;
  }
}

const observers = new Map<Runtime, Observer>();

export function startObserving(runtime: Runtime, mode: Mode, instruments: readonly Instrument[]): () => void {
  if (mode === null && instruments.length === 0) return () => stopObserving(runtime);
  const observer = new Observer(runtime, instruments);
  observer.mode = mode;
  observer.running = instruments.length > 0;
  observers.set(runtime, observer);
  setProbe(probe);
  watchLag(runtime, mode);
  const hearNoMore = hearSlow(observer);
  observer.instruments.tell('runStarted');
  return () => {
    watchLag(runtime, null); // its last reports are still heard
    hearNoMore();
    observer.instruments.tell('runEnded');
    stopObserving(runtime);
  };
}

function hearSlow({ instruments }: Observer): () => void {
  if (instruments.size === 0) return () => {};
  const hear = (report: unknown): void => instruments.tell('slow', report as SlowReport);
  subscribe('offloop:block', hear);
  return () => void unsubscribe('offloop:block', hear);
}

function stopObserving(runtime: Runtime): void {
  observers.delete(runtime);
  watchLag(runtime, null);
  if (observers.size > 0) return;
  setProbe(null);
  forgetPending();
  forgetHoldings();
}

/** Debug mode of a run that is under way. Off means off for everybody. */
export function changeMode(runtime: Runtime, mode: Mode): void {
  if (mode === null) {
    for (const [runtime, observer] of observers) {
      observer.mode = null;
      watchLag(runtime, null);
    }
    for (const [runtime, { idle }] of observers) if (idle) stopObserving(runtime);
    return;
  }
  let observer = observers.get(runtime);
  if (observer === undefined) observers.set(runtime, (observer = new Observer(runtime, [])));
  observer.mode = mode;
  setProbe(probe);
  watchLag(runtime, mode);
}

const probe: Probe = {
  spawned(task) {
    const observer = observers.get(task.runtime);
    if (observer === undefined) return;
    if (observer.mode !== null) {
      nameByPlace(task, rememberSite(task, observer.capture));
      begun(task);
    }
    observer.instruments.tell('taskSpawned', task);
  },

  exited(task) {
    ended(task);
    const observer = observers.get(task.runtime);
    if (observer === undefined) return;
    if (observer.mode !== null) reportSwallowed(task);
    forgetInterrupts(task);
    observer.instruments.tell('taskExited', task);
  },

  linked(scope, member) {
    const observer = observers.get(scope.runtime);
    if (observer === undefined) return;
    const isWait = !member.isScope && member.waitingOn !== null;
    if (observer.mode !== null && (isWait || member.isScope)) rememberSite(member, observer.capture);
    if (isWait) blocked(observer, scope, member);
  },

  unlinked(scope, member) {
    if (member.isScope || scope.task === null) return;
    const observer = observers.get(scope.runtime);
    if (observer !== undefined && observer.instruments.size > 0 && member.waitingOn !== null)
      observer.instruments.tell('taskResumed', scope.task);
  },

  joining(scope, over) {
    const observer = observers.get(scope.runtime);
    if (observer === undefined) return;
    if (!over) blocked(observer, scope, scope);
    else if (scope.task !== null) observer.instruments.tell('taskResumed', scope.task);
  },

  abandoned(scope) {
    if (inDebug(scope.runtime)) reportFloating(scope);
  },

  interrupted(scope) {
    if (inDebug(scope.runtime)) noteInterrupt(scope);
  },

  took(resource, what, holder) {
    const observer = observers.get(here().runtime);
    if (observer !== undefined && observer.mode !== null) took({ resource, what, holder, site: observer.capture() });
  },

  gave(resource, holder) {
    gave(resource, holder);
  },

  completed(runtime: Runtime, ctx: ExceptionContext): ExceptionContext {
    if (ctx.task === undefined || ctx.createdAt !== undefined || !inDebug(runtime)) return ctx;
    const site = siteOf(ctx.task as TaskCore);
    return site === undefined ? ctx : { ...ctx, createdAt: textOf(site) };
  },
};

function inDebug(runtime: Runtime): boolean {
  return (observers.get(runtime)?.mode ?? null) !== null;
}

function blocked(observer: Observer, scope: Scope, wait: ScopeMember): void {
  if (observer.instruments.size > 0 && scope.task !== null) observer.instruments.tell('taskBlocked', scope.task, describeWait(wait));
  if (observer.mode !== null) findDeadlock(scope.strand);
}

/** A function without a name is told apart by its place. */
function nameByPlace(task: TaskCore, site: Site): void {
  if (task.name === `Task-${task.id}`) task.name = shortPlaceOf(site) ?? task.name;
}
