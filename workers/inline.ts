/** The far side of an InlineExecutor; the near side is `src/executors/inline-worker.ts`, in the same thread. */
import type { Runtime } from '../src/core/runtime.ts';
import type { Scope } from '../src/core/scope.ts';
import { checkFingerprint, lookup } from '../src/executors/registry.ts';
import type { WorkerControl } from '../src/wire/control.ts';
import type { FunctionRef, ToWorker } from '../src/wire/protocol.ts';
import { compileInline } from './inline-function.ts';
import { exportedFunction, LoadFailure } from './load.ts';
import type { AnyFunction, FunctionReference } from './load.ts';
import { Server } from './serve.ts';
import type { Channel } from './serve.ts';

/** Modules are this program's own, and are loaded by its rules. Nothing here may declare this thread a worker. */
export function serveInline(
  control: WorkerControl,
  channel: Channel,
  runtime: Runtime,
  began: (job: Scope) => void,
): (message: ToWorker) => void {
  const server = new Server(control, channel, { runtime, began, resolve: find });
  return (message) => server.receive(message);
}

function find(ref: FunctionRef): Promise<AnyFunction> {
  return 'source' in ref ? compileInline(ref.source, ref.name) : findHere(ref);
}

async function findHere(ref: FunctionReference): Promise<AnyFunction> {
  const entry = lookup(ref.module, ref.export);
  if (entry === undefined) return exportedFunction(ref, await importHere(ref.module));
  checkFingerprint(ref, entry, ref.fingerprint);
  return entry.fn as AnyFunction;
}

async function importHere(url: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    throw new LoadFailure(url, error);
  }
}
