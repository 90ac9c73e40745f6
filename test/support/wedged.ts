/** Programs of test/fixtures/cli in processes of their own, on any Node line at hand. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const running = process.versions.node.split('.')[0]!;

export const fixture = (name: string): string => join(repository, 'test/fixtures/cli', name);

/** The line this runs on; all of them when the oldest one runs: what is asked may be older or newer than who asks. */
export const nodes: readonly (readonly [line: string, path: string])[] = (running === '20' ? ['20', '22', '24', '26'] : [running])
  .map((line) => [line, nodeOf(line)] as const)
  .filter(([, path]) => existsSync(path));

function nodeOf(line: string): string {
  if (line === running) return process.execPath;
  return join(repository, 'node_modules/.cache/nodes', line, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
}

const clean = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(?:VITEST|NODE_|TEST|OFFLOOP_|FORCE_COLOR|NO_COLOR)/.test(name)),
);

export class Target {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stdout = '';
  stderr = '';
  static readonly all: Target[] = [];

  /** With any free port for its inspector, so that tests side by side do not meet. */
  static node(
    file: string,
    args: readonly string[] = [],
    { node = process.execPath, flags = ['--inspect-port=0'] }: { node?: string; flags?: readonly string[] } = {},
  ): Target {
    return new Target(node, [...flags, fixture(file), ...args]);
  }

  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const path = [dirname(process.execPath), clean['PATH']].join(':');
    this.child = spawn(program, args, {
      env: { ...clean, PATH: path, ...env },
      cwd: repository,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: 100_000,
      killSignal: 'SIGKILL',
    });
    this.child.stdout!.on('data', (chunk) => (this.stdout += String(chunk)));
    this.child.stderr!.on('data', (chunk) => (this.stderr += String(chunk)));
    this.ended = new Promise((resolve) => this.child.on('close', (code, signal) => resolve({ code, signal })));
    Target.all.push(this);
  }

  get pid(): number {
    return this.child.pid!;
  }

  get alive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async printed(what: string | RegExp, where: 'stdout' | 'stderr' = 'stdout'): Promise<this> {
    const seen = (): boolean => (typeof what === 'string' ? this[where].includes(what) : what.test(this[where]));
    while (!seen()) {
      if (!this.alive) throw new Error(`ended before it printed ${what}: ${this.stdout}${this.stderr}`);
      await pause(5);
    }
    return this;
  }

  /** It prints every 50 ms when its loop turns. */
  async turns(): Promise<void> {
    const before = this.stdout.length;
    while (this.stdout.length === before) {
      if (!this.alive) throw new Error(`ended: ${this.stderr}`);
      await pause(5);
    }
  }

  static async end(): Promise<void> {
    await Promise.all(
      Target.all.splice(0).map((target) => {
        target.child.kill('SIGKILL');
        return target.ended;
      }),
    );
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export function lineOf(file: string, mark: string): number {
  const lines = readFileSync(fixture(file), 'utf8').split('\n');
  return 1 + lines.findIndex((line) => line.endsWith(`// the line of ${mark}`));
}
