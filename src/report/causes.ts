/** What each cause of a block is called, what it means, and what helps. */
import type { BlockCause } from '../base/slow-report.ts';

export interface CauseWords {
  readonly label: string;
  readonly means: string;
  readonly helps: string;
}

export const causes: Readonly<Record<BlockCause, CauseWords>> = {
  javascript: {
    label: 'JavaScript',
    means: 'One callback of the program computed for long.',
    helps: 'Run it in a worker with offload(), or split it and let the loop turn in between: await checkpoint().',
  },
  native: {
    label: 'Native call',
    means: 'One call into Node, V8 or an addon did not return for long: JSON, a regular expression, compression, a sort.',
    helps: 'Use the asynchronous twin where there is one, give it less data at a time, or offload it.',
  },
  'many-callbacks': {
    label: 'Many callbacks',
    means: 'Many short callbacks ran one after the other, and the loop could not turn in between.',
    helps: 'Limit how many become ready at once, or let the loop turn: await checkpoint().',
  },
  'sync-wait': {
    label: 'Synchronous wait',
    means: 'The thread slept inside a synchronous call: a file, a child process, a lock.',
    helps: 'Use the asynchronous form of the call.',
  },
  gc: {
    label: 'Garbage collection',
    means: 'The collector held the thread. No line is slow by itself.',
    helps: 'Keep less in memory, make less garbage, or move the data to a worker with a heap of its own.',
  },
  'cpu-starved': {
    label: 'CPU starvation',
    means: 'The thread was ready to run, and other threads or processes had the CPUs.',
    helps: 'Fewer workers, fewer neighbours, or a larger CPU quota. The program’s code is not to blame.',
  },
  suspended: {
    label: 'Suspended',
    means: 'The whole process stood still: SIGSTOP, a paused container, a sleeping machine.',
    helps: 'Nothing in the program: look at who paused it.',
  },
  startup: {
    label: 'Start-up',
    means: 'Modules were being loaded before the loop first turned.',
    helps: 'Import later what is not needed at once.',
  },
  unknown: {
    label: 'Unknown',
    means: 'The system did not tell enough to know.',
    helps: 'On Linux the monitor sees more; debug mode adds a CPU profile.',
  },
};

export const confidences: Readonly<Record<string, string>> = {
  exact: 'The thread was found on this line for most of the block.',
  function: 'The function is certain, the line in it is not.',
  near: 'The closest thing that was seen: the block may have been elsewhere nearby.',
  'task-only': 'The task is known, the line is not.',
  none: 'Nothing could be seen of what ran.',
};
