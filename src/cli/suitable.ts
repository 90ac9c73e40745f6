/**
 * Whether a process may be asked where it is. SIGUSR1 kills whatever does not catch it, so it is sent to nothing but a Node
 * that is seen to catch it; each reason not to is told in one sentence.
 */
import { execFileSync } from 'node:child_process';
import { unreachable } from './command-error.ts';
import { isNodeName, readFacts } from './proc.ts';
import type { ProcessFacts } from './proc.ts';

/** Throws a CommandError unless the process is there, ours, and Node. Null: this system does not tell more than that. */
export function identify(pid: number, platform: NodeJS.Platform = process.platform): ProcessFacts | null {
  checkReachable(pid);
  if (platform === 'win32') throw unreachable('Windows has no SIGUSR1, by which a process is asked here: start it with --inspect instead');
  const facts = platform === 'linux' ? readFacts(pid) : null;
  if (facts === null) {
    if (platform === 'linux') throw noProcess(pid);
    checkByPs(pid);
    return null;
  }
  const wrong = whyNotNode(facts);
  if (wrong !== null) throw unreachable(wrong);
  return facts;
}

function checkReachable(pid: number): void {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') {
      throw unreachable(`process ${pid} belongs to another user: run this as that user, or as root`);
    }
    throw noProcess(pid);
  }
}

const noProcess = (pid: number): Error => unreachable(`there is no process ${pid}`);

export function whyNotNode({ pid, state, threadOf, isNode, executable, command, otherNetwork }: ProcessFacts): string | null {
  if (threadOf !== null) return `${pid} is a thread of process ${threadOf}: ask for that`;
  if (state === 'Z') return `process ${pid} has ended; its parent has not asked how yet (a zombie)`;
  if (!isNode) return `process ${pid} is not Node: it runs ${executable ?? command[0] ?? 'in the kernel'}`;
  if (state === 'T') return `process ${pid} is stopped (SIGSTOP, or Ctrl-Z): continue it first, kill -CONT ${pid}`;
  if (state === 't') return `process ${pid} is held by a debugger (gdb, strace): it cannot answer`;
  if (otherNetwork) return `process ${pid} is in a container, where its inspector cannot be reached from here: run offloop in there`;
  return null;
}

/** What keeps SIGUSR1 from being sent; null when it may be. */
export function whyNotSignal({ pid, command, nodeOptions, catchesSigusr1 }: ProcessFacts): string | null {
  if (catchesSigusr1) return null;
  const words = [...command, ...nodeOptions.split(/\s+/)];
  const reason = words.includes('--disable-sigusr1')
    ? 'it was started with --disable-sigusr1'
    : words.some((word) => /^--(?:experimental-)?permission\b/.test(word))
      ? 'the permission model forbids it an inspector'
      : 'it is just starting, or was told not to listen';
  return `process ${pid} does not catch SIGUSR1 (${reason}), which would end it: nothing was sent`;
}

/** Where there is no /proc: the name of the program at least. */
function checkByPs(pid: number): void {
  let line: string;
  try {
    line = execFileSync('ps', ['-o', 'state=,comm=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    throw noProcess(pid);
  }
  const [, state = '', path = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
  if (state.startsWith('Z')) throw unreachable(`process ${pid} has ended (a zombie)`);
  if (!isNodeName(path)) throw unreachable(`process ${pid} is not Node: it runs ${path}`);
  if (state.startsWith('T')) throw unreachable(`process ${pid} is stopped (SIGSTOP, or Ctrl-Z): continue it first, kill -CONT ${pid}`);
}
