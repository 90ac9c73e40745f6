/** The watchdog in its thread: a timer, the inspector, and the port to the watched thread. */
import { workerData } from 'node:worker_threads';
import { Heartbeat } from './heartbeat.ts';
import { clock } from './hub.ts';
import { MainLink } from './main-link.ts';
import { RollingProfile } from './rolling-profile.ts';
import { SourceMaps } from './source-maps.ts';
import { Teller } from './teller.ts';
import { ThreadClock } from './thread-clock.ts';
import type { FromWatchdog, WatchdogData } from './thread-protocol.ts';
import type { Presenter } from './told.ts';
import { Watchdog } from './watchdog.ts';

/**
 * Milliseconds to stay for the watched thread after letting go of it. What it was asked last may still lie in its inspector's
 * queue, and Node aborts the process when a thread answers to one that is just ending (20.20, 24.21: `MainThreadInterface::Post`).
 */
const RELEASE = 2000;

export function runWatchdog(presenter: Presenter, data: WatchdogData = workerData as WatchdogData): void {
  const { port, threshold, beat, debug, log } = data;
  const heartbeat = new Heartbeat(data.heartbeat);
  const send = (message: FromWatchdog): void => port.postMessage(message);
  const link = data.inspect ? new MainLink(data.capture, (on) => (heartbeat.attached = on)) : null;
  const teller = new Teller({ log, presenter, clock, send: (report) => send({ type: 'report', report }) });
  const profile = link !== null && data.profile !== false ? new RollingProfile(link.session, { interval: data.profile, clock }) : undefined;
  const threadClock = new ThreadClock(process.pid); // the main thread has the number of its process
  const watchdog = new Watchdog(
    heartbeat,
    { threshold, heartbeat: beat, debug },
    {
      clock,
      link,
      teller,
      maps: new SourceMaps(),
      pending: new Int32Array(data.pending),
      ...(profile !== undefined && { profile }),
      threadTime: () => threadClock.read(),
    },
  );
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    clearTimeout(timer);
    watchdog.stop();
    threadClock.close();
    heartbeat.tellStopped();
    heartbeat.awaitReleased(RELEASE); // see there
    port.close();
  };
  const look = (): void => {
    if (heartbeat.called) return end(); // it may have been before this thread was there: nobody beats any more
    let wait = watchdog.look();
    // Asleep here it costs a quarter of what it does in its event loop, which only has something to tell while it is attached.
    while (watchdog.calm && heartbeat.sleep(wait)) wait = watchdog.look();
    if (heartbeat.called) end();
    else timer = setTimeout(look, wait);
  };
  port.on('message', end);
  send({ type: 'ready' });
  look();
}
