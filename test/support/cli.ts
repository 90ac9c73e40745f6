/** The `offloop` command, in this process: what it writes, and its exit code. */
import { Writable } from 'node:stream';
import type { Output } from '../../src/cli/console.ts';
import { program } from '../../src/cli/program.ts';

export class Sink extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns = 80;
  readonly rows = 24;

  constructor(isTTY = false) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.text += chunk;
    done();
  }
}

export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

export async function offloop(
  args: readonly string[],
  { terminal = false, env = {} }: { terminal?: boolean; env?: NodeJS.ProcessEnv } = {},
): Promise<Answer> {
  const [stdout, stderr] = [new Sink(terminal), new Sink(terminal)];
  const code = await program(args, { stdout: stdout as Output, stderr: stderr as Output, env });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

export const plain = (_: string, text: string): string => text;
