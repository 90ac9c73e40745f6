/** The watchdog in its thread: a timer, the inspector, and the port to the watched thread. */
import { workerData } from 'node:worker_threads';
import { Heartbeat } from './heartbeat.ts';
import { clock } from './hub.ts';
import { MainLink } from './main-link.ts';
import { RollingProfile } from './rolling-profile.ts';
import { SourceMaps } from './source-maps.ts';
import { Teller } from './teller.ts';
import { threadTime } from './thread-clock.ts';
import type { FromWatchdog, WatchdogData } from './thread-protocol.ts';
import type { Presenter } from './told.ts';
import { Watchdog } from './watchdog.ts';

export function runWatchdog(presenter: Presenter, data: WatchdogData = workerData as WatchdogData): void {
  const { port, threshold, beat, debug, log } = data;
  const heartbeat = new Heartbeat(data.heartbeat);
  const send = (message: FromWatchdog): void => port.postMessage(message);
  const link = data.inspect ? new MainLink() : null;
  const teller = new Teller({ log, presenter, clock, send: (report) => send({ type: 'report', report }) });
  const profile = link !== null && data.profile !== false ? new RollingProfile(link.session, { interval: data.profile, clock }) : undefined;
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
      threadTime: () => threadTime(process.pid),
    },
  );
  let timer: NodeJS.Timeout;
  const look = (): void => {
    timer = setTimeout(look, watchdog.look());
  };
  port.on('message', () => {
    clearTimeout(timer);
    watchdog.stop();
    heartbeat.tellStopped();
    port.close();
  });
  send({ type: 'ready' });
  look();
}
