/** How a command ends when it cannot do what was asked: one sentence for people, and an exit code for scripts. */
import { OffloopError } from '../base/errors.ts';

/** Stable: scripts rely on them, `offloop --help` lists them. */
export const exitCodes = {
  ok: 0,
  /** What was asked about failed, or cannot be read. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** The process is not there, not ours, not Node, or does not let itself be asked. */
  unreachable: 3,
} as const;

type Kind = Exclude<keyof typeof exitCodes, 'ok'>;

export class CommandError extends OffloopError {
  static {
    Object.defineProperty(this.prototype, 'name', { value: 'CommandError', writable: true, configurable: true });
  }
  readonly exitCode: number;

  constructor(kind: Kind, message: string, options?: ErrorOptions) {
    super(`OFFLOOP_CLI_${kind.toUpperCase() as Uppercase<Kind>}`, message, options);
    this.exitCode = exitCodes[kind];
  }
}

export const usageError = (message: string): CommandError => new CommandError('usage', message);
export const failure = (message: string, cause?: unknown): CommandError =>
  new CommandError('failed', message, cause === undefined ? undefined : { cause });
export const unreachable = (message: string): CommandError => new CommandError('unreachable', message);
