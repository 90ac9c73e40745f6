/** A program in a process of its own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { isAbsolute, join } from 'node:path';
import { inject } from 'vitest';

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export class Child {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  #stdout = '';
  #stderr = '';

  /** Runs test/fixtures/<name>.ts, compiled, or a TypeScript file as it is, on the Node that runs the tests. */
  constructor(program: string, ...args: string[]) {
    const file = isAbsolute(program) ? ['--import', 'tsx', program] : [join(inject('compiled'), `test/fixtures/${program}.js`)];
    this.process = spawn(process.execPath, [...file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process.stdout?.on('data', (chunk) => (this.#stdout += String(chunk)));
    this.process.stderr?.on('data', (chunk) => (this.#stderr += String(chunk)));
    this.ended = new Promise((resolve) => {
      this.process.on('close', (code, signal) => resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr }));
    });
  }

  /** Waits until the program has printed this. */
  async printed(text: string): Promise<void> {
    while (!this.#stdout.includes(text)) {
      if (this.process.exitCode !== null || this.process.signalCode !== null)
        throw new Error(`ended before it printed ${text}: ${this.#stdout}${this.#stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
