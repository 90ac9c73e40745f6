/** The watchdog in its thread: a timer, the inspector, and the port to the watched thread. */
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Followed } from './followed.ts';
import { Heartbeat } from './heartbeat.ts';
import { clock } from './hub.ts';
import { MainLink } from './main-link.ts';
import { Recorder } from './recorder.ts';
import { RollingProfile } from './rolling-profile.ts';
import { SourceMaps } from './source-maps.ts';
import { Teller } from './teller.ts';
import { ThreadClock } from './thread-clock.ts';
import type { FromWatchdog, ToWatchdog, WatchdogData } from './thread-protocol.ts';
import type { Presenter } from './told.ts';
import { Watchdog } from './watchdog.ts';

/**
 * Milliseconds to stay for the watched thread after letting go of it. What it was asked last may still lie in its inspector's
 * queue, and Node aborts the process when a thread answers to one that is just ending (20.20, 24.21: `MainThreadInterface::Post`).
 */
const RELEASE = 2000;

/** Whatever the threshold, it looks that often at what it is asked and at what is to be kept. */
const LONGEST_SLEEP = 250;

interface Parts {
  readonly watchdog: Watchdog;
  readonly followed: Followed;
  readonly recorder: Recorder;
  readonly threadClock: ThreadClock;
  readonly ownClock: ThreadClock;
}

function assemble(presenter: Presenter, data: WatchdogData, heartbeat: Heartbeat, send: (message: FromWatchdog) => void): Parts {
  const { threshold, beat, debug, log, report, command } = data;
  const link = data.inspect ? new MainLink(data.capture, (on) => (heartbeat.attached = on)) : null;
  const teller = new Teller({ log, presenter, clock, send: (report) => send({ type: 'report', report }) });
  const profile = link !== null && data.profile !== false ? new RollingProfile(link.session, { interval: data.profile, clock }) : undefined;
  const threadClock = new ThreadClock(process.pid); // the main thread has the number of its process
  const threadTime = (): ReturnType<ThreadClock['read']> => threadClock.read();
  const ownClock = new ThreadClock();
  const effort = (): number => ownClock.read()?.run ?? clock();
  const recording = { mode: debug ? 'debug' : 'watch', threshold, heartbeat: beat, thread: 0, report, command } as const;
  const recorder = new Recorder(heartbeat, teller, { ...recording, presenter, clock, effort, threadTime });
  const surroundings = { clock, link, teller, maps: new SourceMaps(), pending: new Int32Array(data.pending), threadTime };
  const options = { threshold, heartbeat: beat, debug };
  const watchdog = new Watchdog(heartbeat, options, { ...surroundings, ...(profile !== undefined && { profile }) });
  const followed = new Followed(options, { clock, maps: surroundings.maps, teller }, data.inspect ? send : null);
  return { watchdog, followed, recorder, threadClock, ownClock };
}

export function runWatchdog(presenter: Presenter, data: WatchdogData = workerData as WatchdogData): void {
  const { port } = data;
  const heartbeat = new Heartbeat(data.heartbeat);
  const send = (message: FromWatchdog): void => port.postMessage(message);
  const { watchdog, followed, recorder, threadClock, ownClock } = assemble(presenter, data, heartbeat, send);
  /** A worker that begins just after it was looked at is seen in time all the same. */
  const soon = Math.min(LONGEST_SLEEP, data.threshold - data.beat);
  let timer: NodeJS.Timeout | undefined;
  let exiting = false;
  const end = (): void => {
    clearTimeout(timer);
    serve();
    watchdog.stop();
    followed.stop();
    recorder.end();
    threadClock.close();
    ownClock.close();
    heartbeat.tellStopped();
    if (!exiting) send({ type: 'log', text: recorder.text });
    heartbeat.awaitReleased(RELEASE); // see there
    port.close();
  };
  const hear = (message: ToWatchdog): void => {
    if (message.type === 'stop') exiting = message.exiting;
    else if (message.type === 'follow') followed.follow(message.thread, message.heartbeat);
    else if (message.type === 'unfollow') followed.unfollow(message.thread);
    else if (message.type === 'answer') followed.answer(message);
    else if (message.type === 'executors') recorder.executors(message.at, message.executors);
    else send(pageOf(recorder));
  };
  const serve = (): void => {
    for (let m = receiveMessageOnPort(port); m !== undefined; m = receiveMessageOnPort(port)) hear(m.message as ToWatchdog);
  };
  const lookAround = (): number => {
    const wait = Math.min(followed.any ? soon : LONGEST_SLEEP, watchdog.look(), followed.look());
    recorder.tick(watchdog.idle && followed.idle ? 'good' : 'bad');
    return wait;
  };
  const look = (): void => {
    if (heartbeat.called) return end(); // it may have been before this thread was there: nobody beats any more
    let wait = lookAround();
    // Asleep here it costs a quarter of what it does in its event loop, which only has something to tell while it is attached.
    while (watchdog.calm && followed.calm && heartbeat.sleep(wait)) {
      serve();
      wait = lookAround();
    }
    if (heartbeat.called) end();
    else timer = setTimeout(look, wait);
  };
  port.on('message', (message: ToWatchdog) => {
    hear(message);
    if (message.type === 'stop') end();
  });
  send({ type: 'ready' });
  look();
}

function pageOf(recorder: Recorder): FromWatchdog {
  try {
    return { type: 'page', html: recorder.page() };
  } catch (error) {
    return { type: 'page', html: '', error: (error as Error).message };
  }
}
