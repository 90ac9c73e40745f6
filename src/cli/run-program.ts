/**
 * A program in a child process that is, to its user, as if it were this one: terminal, signals, exit code, death by a signal.
 *
 * A signal is passed on once. Ctrl-C in a terminal goes to the whole group in the foreground, the child included: passing that
 * on would be a second one, which many programs take for "at once". Node does not tell who sent a signal, but only a terminal
 * sends SIGINT to its foreground group as a habit; `kill` from elsewhere uses SIGTERM, which no terminal sends.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

export type ProgramEnd = { readonly code: number | null } | { readonly error: Error };

const passedOn: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGCONT', 'SIGWINCH'];
/** Those of a terminal. */
const ofTerminal = new Set<NodeJS.Signals>(['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGWINCH', 'SIGCONT']);
/** By which this process may end as well: others would leave a second core dump. */
const reraised = new Set<NodeJS.Signals>(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL', 'SIGPIPE', 'SIGUSR2', 'SIGALRM']);

export function runProgram(args: readonly string[], env: NodeJS.ProcessEnv): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: 'inherit', env });
    const forget = passSignals(child);
    child.on('error', (error) => {
      forget();
      resolve({ error });
    });
    child.on('exit', (code, signal) => {
      forget();
      if (signal === null) return resolve({ code });
      // Whoever waits for us shall see how it ended: a shell stops its script on Ctrl-C only then.
      if (reraised.has(signal)) process.kill(process.pid, signal);
      resolve({ code: 128 + constants.signals[signal] });
    });
  });
}

function passSignals(child: ChildProcess): () => void {
  const pass = (signal: NodeJS.Signals): void => {
    if (!ofTerminal.has(signal) || !inForeground()) child.kill(signal);
  };
  const heard = passedOn.filter((signal) => process.platform !== 'win32' || signal === 'SIGINT' || signal === 'SIGHUP');
  for (const signal of heard) process.on(signal, pass);
  return () => {
    for (const signal of heard) process.off(signal, pass);
  };
}

/** Whether a terminal's signals reach our whole group, and the child with it. */
export function inForeground(stat: string | null = ownStat()): boolean {
  if (stat === null) return process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  // pid (name) state ppid group session tty foreground-group …; the name may contain anything, a bracket too.
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return group === foreground;
}

function ownStat(): string | null {
  try {
    return readFileSync('/proc/self/stat', 'utf8');
  } catch {
    return null;
  }
}
