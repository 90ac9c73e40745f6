import type { ChildProcess } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { Output } from '../../src/executors/process-output.ts';

const heap = 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n----- Native stack trace -----\n';
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function makeChild(): { child: ChildProcess; stdout: PassThrough; stderr: PassThrough } {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  for (const [from, to] of [[stdout, process.stdout], [stderr, process.stderr]] as const) {
    to.setMaxListeners(to.getMaxListeners() + 1);
    from.pipe(to);
  } // prettier-ignore
  return { child: { stdout, stderr } as unknown as ChildProcess, stdout, stderr };
}

describe('the output of a child', () => {
  it('is printed here once, also what comes after tinypool has let go of it, and leaves no listener', async () => {
    const printed: string[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(`out ${String(text)}`) > 0);
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => printed.push(`err ${String(text)}`) > 0);
    const before = [process.stdout.getMaxListeners(), process.stdout.listenerCount('drain'), process.stdout.listenerCount('close')];
    const { child, stdout, stderr } = makeChild();
    void new Output(child);
    stdout.write('one');
    stderr.write('two');
    await turn();
    stdout.unpipe(process.stdout);
    stdout.end('three');
    await turn();
    expect(printed).toEqual(['out one', 'err two', 'out three']);
    expect([process.stdout.getMaxListeners(), process.stdout.listenerCount('drain'), process.stdout.listenerCount('close')]).toEqual(
      before,
    );
  });

  it('tells by the words of V8 that its heap was full, wherever they are cut', async () => {
    vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    for (const cut of [3, 20, 40]) {
      const { child, stderr } = makeChild();
      const output = new Output(child);
      stderr.write(`${'x'.repeat(50_000)}\n${heap.slice(0, cut)}`);
      await turn();
      expect(output.tellsOutOfMemory).toBe(false);
      stderr.write(heap.slice(cut));
      await turn();
      expect(output.tellsOutOfMemory).toBe(true);
    }
  });

  it('may be missing, and can be held or let go', () => {
    const output = new Output({ stdout: null, stderr: null } as unknown as ChildProcess);
    output.ref();
    output.unref();
    const socket = Object.assign(new PassThrough(), { ref: vi.fn<() => void>(), unref: vi.fn<() => void>() });
    const held = new Output({ stdout: socket, stderr: null } as unknown as ChildProcess);
    held.ref();
    held.unref();
    expect([socket.ref.mock.calls.length, socket.unref.mock.calls.length]).toEqual([1, 1]);
  });
});
