/** Runs in a thread of a remote worker: which functions a module offers. The worker's own loop loads no code of a user. */
import { isOffloaded } from '../src/executors/callable.ts';
import type { Offered } from '../src/executors/remote-catalogue.ts';
import { lookup, registeredExports } from '../src/executors/registry.ts';
import { loadModule } from './load.ts';

/** Those that the module defines with `offload()`, and those it exports from elsewhere. */
export async function catalogue(url: string): Promise<Offered[]> {
  const loaded = await loadModule(url);
  const own = registeredExports(loaded.url).map((name) => ({ module: loaded.url, export: name }));
  const exported = Object.values(loaded.namespace ?? {}).filter(isOffloaded) as { module: string; export: string }[];
  const all = new Map([...own, ...exported].map((offered) => [`${offered.module}\0${offered.export}`, offered]));
  return [...all.values()].map((offered) => ({
    module: offered.module,
    export: offered.export,
    fingerprint: lookup(offered.module, offered.export)?.fingerprint,
  }));
}
