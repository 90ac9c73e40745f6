/** `offloop dump PID`: the line at which a process stands, whatever it does and without anything prepared. */
import { attach } from './attach.ts';
import { exitCodes, unreachable } from './command-error.ts';
import { numberOf, pidOf } from './command.ts';
import type { Command } from './command.ts';
import { dumpText } from './dump-text.ts';
import { InspectorError } from './inspector.ts';
import { dumpThreads } from './threads.ts';
import type { ProcessDump } from './threads.ts';

export const PATIENCE = 5000;

export const dump: Command = {
  name: 'dump',
  usage: 'PID',
  summary: 'the exact line and stack of any Node process, wedged or not',
  details: `Needs nothing prepared. Node opens its inspector on SIGUSR1, also while the event loop is blocked; the process is asked
for the stacks of its threads, and the inspector is closed again. It takes some 50 ms, and the process goes on; to its
stderr Node prints "Debugger listening …" and "Debugger attached." An inspector that was open before stays open.

A process that is not Node, or does not catch SIGUSR1, would be killed by it: that is checked first.`,
  options: {
    json: { help: 'as JSON' },
    timeout: { value: 'ms', help: `how long to wait for an answer (default ${PATIENCE})` },
    close: { help: 'close the inspector also if it was open before' },
  },
  async run(input, console) {
    const asked = pidOf(dump, input);
    const patience = numberOf(input, 'timeout', { least: 1 }) ?? PATIENCE;
    const attachment = await attach(asked, patience);
    const { pid } = attachment;
    let stacks: ProcessDump;
    let closed = false;
    try {
      stacks = await dumpThreads(attachment.session, patience).catch((error: unknown) => {
        throw explain(pid, error);
      });
    } finally {
      closed = await attachment.release(input.values.has('close'));
    }
    const { facts, address, opened } = attachment;
    const command = facts?.command ?? [];
    if (input.values.has('json')) {
      const { host, port } = address;
      console.printJson({ v: 1, pid, command, ...stacks, inspector: { host, port, opened, closed } });
      return exitCodes.ok;
    }
    console.print(dumpText({ pid, command }, stacks, console.paint));
    if (!opened && !closed) console.note(`\nIts inspector was open before, on port ${address.port}, and stays open.`);
    if (opened && !closed)
      console.note(`\nIts inspector, on port ${address.port}, did not close: offloop dump ${pid} --close tries again.`);
    return exitCodes.ok;
  },
};

/** A connection that ended or fell silent is the other process's; anything else is a mistake of ours. */
export function explain(pid: number, error: unknown): unknown {
  if (!(error instanceof InspectorError)) return error;
  if (error.gone) return unreachable(`process ${pid} ended, or closed its inspector, while it was asked`);
  return unreachable(
    `process ${pid} does not answer (${error.message}): its main thread is in a native call, or a debugger holds it; try again, or with a longer --timeout`,
  );
}
