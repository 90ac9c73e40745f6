/** `offloop top PID`: how the event loop of a program fares, as it goes. */
import { attach } from './attach.ts';
import type { Attachment } from './attach.ts';
import { exitCodes, failure, usageError } from './command-error.ts';
import { numberOf, pidOf } from './command.ts';
import type { Command } from './command.ts';
import { explain, PATIENCE } from './dump.ts';
import { statistics, whereabouts } from './in-target.ts';
import { InspectorError } from './inspector.ts';
import { Screen } from './screen.ts';
import { topText } from './top-text.ts';
import type { Reading } from './top-text.ts';

const INTERVAL = 1000;

export const top: Command = {
  name: 'top',
  usage: 'PID',
  summary: 'live: lag of the loop, blocks, garbage collection, executors',
  details: `The program must have loaded offloop; for lag and blocks it must run a LoopMonitor: offloop run app.js, or
node --import offloop/monitor app.js. It is asked through its inspector, which stays open meanwhile, also while its loop
is blocked. Ctrl-C ends it, and closes the inspector.`,
  options: {
    interval: { value: 'ms', help: `between two readings (default ${INTERVAL})` },
    once: { help: 'one reading, and end' },
    json: { help: 'one line of JSON for each reading' },
    timeout: { value: 'ms', help: `how long to wait for an answer (default ${PATIENCE})` },
  },
  async run(input, console) {
    const asked = pidOf(top, input);
    const interval = numberOf(input, 'interval', { least: 50, most: 2 ** 31 - 1 }) ?? INTERVAL;
    if (input.values.has('once') && input.values.has('interval')) throw usageError('--once takes one reading: leave out --interval');
    const patience = numberOf(input, 'timeout', { least: 1 }) ?? PATIENCE;
    const screen = new Screen(console.streams.stdout, !input.values.has('once') && !input.values.has('json'));
    const attachment = await attach(asked, patience);
    const { pid } = attachment;
    const stop = screen.onInterrupt();
    try {
      let before: Reading | null = null;
      do {
        const reading: Reading = await read(pid, attachment, patience, before);
        if (stop.requested) break;
        if (input.values.has('json')) console.print(JSON.stringify(reading));
        else screen.show(topText({ pid, command: attachment.facts?.command ?? [] }, reading, before, console.paint));
        before = reading;
      } while (!input.values.has('once') && (await stop.after(interval)));
    } catch (error) {
      if (!attachment.session.gone || !(error instanceof InspectorError)) throw explain(pid, error);
      screen.end();
      console.note(`process ${pid} has ended`);
    } finally {
      screen.end();
      stop.forget();
      await attachment.release();
    }
    return exitCodes.ok;
  },
};

/** A process that computes in native code answers later: the last figures stay, and how old they are is told. */
async function read(pid: number, { session }: Attachment, patience: number, before: Reading | null): Promise<Reading> {
  try {
    const { frames, node, uptime } = await session.call(whereabouts, [], patience);
    const figures = await session.call(statistics, [['tasks', 'monitor', 'executor']], patience);
    const { tasks, ...rest } = figures;
    if (tasks.length + rest.monitors.length + rest.broken.length === 0) {
      throw failure(`process ${pid} has not loaded offloop: start it with offloop run, or node --import offloop/monitor`);
    }
    return { v: 1, pid, at: Date.now(), node, uptime, frames, tasks: tasks.reduce((sum, table) => sum + table.tasks.length, 0), ...rest };
  } catch (error) {
    if (!(error instanceof InspectorError) || error.gone || before === null) throw error;
    return { ...before, silent: Date.now() - before.at };
  }
}
