/**
 * The contestants, each started in a process of its own. `start` gets the threshold and a function for reports, and returns
 * what is the contestant's own way to name the work under way.
 */
import { createRequire } from 'node:module';
import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { LoopMonitor } from 'offloop';

const peers = createRequire(new URL('../peers/lag/package.json', import.meta.url));

function offloop(options) {
  return (threshold, report) => {
    const onSlow = ({ at, duration, where, task, cause, confidence }) =>
      report({ at, duration, file: where?.file, line: where?.line, task: task?.name, cause, confidence });
    new LoopMonitor({ ...options, threshold, log: false, keep: 0, onSlow }).start();
    return (_name, work) => work();
  };
}

/** Tells the place where the slow callback was made. Of the task it knows nothing; its caller may look for himself. */
function blockedAt(threshold, report) {
  const names = new AsyncLocalStorage();
  const frame = /\(?((?:file:\/\/)?\/[^()\s]+\.mjs[^():\s]*):(\d+):\d+\)?$/;
  peers('blocked-at')(
    (duration, stack) => {
      const found = stack.map((line) => frame.exec(line)).find((match) => match !== null);
      report({ at: Date.now() - duration, duration, file: found?.[1], line: Number(found?.[2]), task: names.getStore() });
    },
    { threshold },
  );
  return (name, work) => names.run(name, work);
}

/** Sends its reports from a thread of its own to the address in SENTRY_DSN: what comes of them is seen there. */
function sentry(threshold) {
  const Sentry = peers('@sentry/node');
  const { eventLoopBlockIntegration } = peers('@sentry/node-native');
  Sentry.init({
    dsn: process.env.SENTRY_DSN,
    defaultIntegrations: false,
    integrations: [eventLoopBlockIntegration({ threshold, maxEventsPerHour: 1e6 })],
  });
  return (name, work) =>
    Sentry.withIsolationScope((scope) => {
      scope.setTag('task', name);
      return work();
    });
}

/** Adds up delays. `reset()` would make it blind until its next tick, so what is new is told by the differences. */
function eventLoopDelay(threshold, report) {
  const [resolution, slack] = [10, 20];
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  let ticks = 0;
  let sum = 0;
  setInterval(() => {
    const [newTicks, newSum] = [histogram.count - ticks, histogram.count * histogram.mean - sum];
    if (!(newTicks > 0)) return; // its mean is NaN before the first
    ticks += newTicks;
    sum += newSum;
    const delay = newSum / 1e6 - (newTicks - 1) * resolution; // all others were punctual
    const duration = delay - resolution / 2; // it began somewhere between two ticks
    if (delay >= threshold) report({ at: Date.now() - duration, duration, slack });
  }, slack).unref();
  return (_name, work) => work();
}

/** What blocked-at is made of, and does nothing: the price of the mechanism. */
function emptyHook() {
  createHook({ init() {}, before() {}, after() {}, destroy() {} }).enable();
  return (_name, work) => work();
}

export const contestants = {
  off: () => (_name, work) => work(),
  watch: offloop({ mode: 'watch' }),
  profile: offloop({ mode: 'watch', profile: 10 }),
  debug: offloop({ mode: 'debug' }),
  sentry,
  'blocked-at': blockedAt,
  'async_hooks that do nothing': emptyHook,
  monitorEventLoopDelay: eventLoopDelay,
};
