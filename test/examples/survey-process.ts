/** The survey as a process of its own, and trees for it. Used by its tests, and by the one that looks at the clock. */
import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';

const project = fileURLToPath(new URL('../..', import.meta.url));
export const program = ['--import', 'tsx', 'examples/survey.ts'];
const folders: string[] = [];
const children: ChildProcess[] = [];

beforeAll(() => {
  if (!existsSync(join(project, 'dist/src/index.js'))) throw new Error('the examples use the built package: npm run build');
});
afterAll(() => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL'); // of a test that failed
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'survey-'));
  chmodSync(folder, 0o755); // for the test that runs as another user
  folders.push(folder);
  return folder;
}

export function write(root: string, files: Record<string, string | Uint8Array>): void {
  for (const [name, contents] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contents);
  }
}

/**
 * Long enough under way to be interrupted: real machine code, which takes its time to compress. The first file is done at once,
 * so that there is something to tell; under it, files that come last.
 */
export function largeTree(): string {
  const root = newFolder();
  const node = openSync(process.execPath, 'r');
  const piece = Buffer.alloc(3_000_000);
  for (let i = 0; i < 20; i++) {
    readSync(node, piece, 0, piece.length, i * piece.length);
    write(root, { [`${i}.bin`]: i === 0 ? piece.subarray(0, 1000) : piece });
  }
  closeSync(node);
  write(root, { 'a/b/vanishing.txt': 'v', 'a/b/changing.txt': 'c', 'a/b/turning.txt': 't', 'a/b/staying.txt': 's' });
  return root;
}

export class Running {
  stdout = '';
  stderr = '';
  readonly pid: number;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly closeStdout: () => void;
  #look: () => void = () => {};

  constructor(command: string, args: string[], options: SpawnOptions = {}) {
    const child = spawn(command, args, { cwd: project, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    children.push(child);
    this.pid = child.pid!;
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#look();
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.closeStdout = () => void child.stdout!.destroy();
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        this.#look();
        resolve({ code, signal });
      });
    });
  }

  /** Until stdout holds the text; rejects when the program ends without it. */
  async prints(text: string | RegExp): Promise<void> {
    const found = (): boolean => (typeof text === 'string' ? this.stdout.includes(text) : text.test(this.stdout));
    const seen = new Promise<void>((resolve) => {
      this.#look = () => void (found() && resolve());
      this.#look();
    });
    await Promise.race([seen, this.ended]);
    if (!found()) throw new Error(`the survey ended without printing ${String(text)}:\n${this.stdout}${this.stderr}`);
  }

  /** Returns how it ended, and after how long. */
  async interrupted(...signals: NodeJS.Signals[]): Promise<{ code: number | null; ms: number }> {
    const at = performance.now();
    for (const signal of signals) process.kill(this.pid, signal);
    const { code } = await this.ended;
    return { code, ms: performance.now() - at };
  }
}

export const survey = (...args: string[]): Running => new Running(process.execPath, [...program, ...args]);
export const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
